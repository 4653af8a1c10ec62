"""First passwords: random, shown once, good for three days and for nothing but choosing one's own."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.password_rules import fault
from handrail_feedback.commands import users
from handrail_feedback.desk import sign_in
from handrail_feedback.records.staff import FIRST_PASSWORD
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_kb.cli.group import main

from ...stores import everything_in
from ..desks import PASSWORD, Desk, hire, service

NEW = "seven walruses on a pier"


@pytest.fixture
def command(store, monkeypatch, tmp_path):
    """`handrail users`, on the store of the service."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(users, "Store", lambda _place: store)
    monkeypatch.setattr(users, "_accounts", lambda _settings: store)
    return lambda *words, typed="": CliRunner().invoke(main, ["users", *words], input=typed)


def shown(said):
    """The first password in what a command said."""
    assert said.exit_code == 0, said.output
    return re.search(r"shown only now: (\S+)", said.output)[1]


def came(app, password, name="anna", **more):
    desk = Desk(app.test_client())
    desk.sign_in(name, password, **more)
    return desk


@pytest.fixture
def first(command):
    return shown(command("add", "anna"))


def test_the_command_makes_a_password_that_nobody_typed_and_each_time_another(command):
    made = [shown(command("add", f"anna{number}")) for number in range(3)]
    made += [shown(command("passwd", "anna0"))]
    assert len(set(made)) == 4
    assert all(fault(one, "anna", "Acme") is None for one in made)
    assert command("add", "anna1").exit_code == 1


def test_first_passwords_are_drawn_from_the_system(monkeypatch):
    asked = []
    urandom = random._urandom  # noqa: SLF001 (what `secrets` draws from)
    monkeypatch.setattr(random, "_urandom", lambda number: asked.append(number) or urandom(number))
    one = passwords.new_first_password()
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){3}", one) and len(asked) >= 20
    assert len({passwords.new_first_password() for _ in range(200)}) == 200
    assert not set("".join(passwords.new_first_password() for _ in range(200))) & set("01ilo")


def test_until_another_one_is_chosen_nothing_opens(app, first):
    desk = came(app, first)
    for path in ("", "topics/", "report/", "articles/", "messages.csv", "m/AAA-AAA-AAA/"):
        assert desk.get(path).headers.get("Location", "").endswith("/desk/account/?done=password_needed"), path
    desk.get("account/")
    assert "first password" in desk.page and "second-factor" not in desk.page and "/end" not in desk.page
    for path in ("account/second-factor/begin", "account/sessions/end"):
        desk.get("account/")
        assert desk.post(path, follow=False, present=first).status_code == 302, path
    desk.get("account/")
    assert desk.post("account/password", present=first, new=first, again=first).status_code == 422
    desk.get("account/")
    desk.post("account/password", present=first, new=NEW, again=NEW)
    assert desk.get("").status_code == 200
    assert came(app, NEW).get("").status_code == 200 and came(app, first).get("").status_code == 401


def test_it_ends_after_three_days(app, store, first, monkeypatch):
    assert timedelta(days=3) == FIRST_PASSWORD
    monkeypatch.setattr(sign_in, "now", lambda: now() + FIRST_PASSWORD - timedelta(minutes=1))
    assert came(app, first).response.status_code == 200
    monkeypatch.setattr(sign_in, "now", lambda: now() + FIRST_PASSWORD)
    late = came(app, first)
    assert late.response.status_code == 401 and "no longer good" in late.page
    assert "no longer good" not in came(app, "wrong horse battery").page


def test_another_one_helps_whoever_came_too_late(app, command, first, monkeypatch):
    with monkeypatch.context() as early:
        early.setattr(users, "now", lambda: now() - 2 * FIRST_PASSWORD)
        ended = shown(command("passwd", "anna"))
    assert came(app, ended).response.status_code == 401
    assert came(app, shown(command("passwd", "anna"))).get("account/").status_code == 200


def test_it_is_kept_as_a_hash_and_in_no_list(command, store, first):
    assert first.encode() not in everything_in(store)
    assert first not in command("list").output and '"first_password_until": "20' in command("list", "--json").output


def test_a_password_that_a_script_gives_counts_at_once_and_stays(app, command):
    said = command("add", "anna", typed=f"{PASSWORD}\n")
    assert said.exit_code == 0 and "shown only now" not in said.output
    assert came(app, PASSWORD).get("").status_code == 200


def test_at_a_terminal_nobody_is_asked_to_make_one_up(command, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert shown(command("add", "anna", typed=""))


def test_accounts_from_before_keep_their_password(app, store):
    hire(store)
    assert staff.find(store, "anna")[0].first_until is None
    assert came(app, PASSWORD).get("").status_code == 200


def test_the_page_speaks_german_too(app, first):
    desk = came(app, first)
    page = desk.get("account/?done=password_needed", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert "Bitte wählen Sie ein eigenes Passwort" in page and "Es gilt bis" in page


@pytest.mark.sqlite
def test_where_a_second_factor_is_needed_it_is_asked_for_after_that(tmp_path):
    with service(tmp_path, desk_second_factor="all") as app:
        store, first = app.extensions["handrail"].store, passwords.new_first_password()
        staff.add(store, "anna", "agent", passwords.hashed(first), now(), first_until=now() + FIRST_PASSWORD)
        desk = came(app, first)
        desk.get("account/")
        desk.post("account/password", present=first, new=NEW, again=NEW)
        assert desk.get("").headers["Location"].endswith("?done=factor_needed")
        assert desk.get("account/").status_code == 200 and "second-factor/begin" in desk.page
