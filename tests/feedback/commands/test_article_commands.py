"""`handrail articles`, as writers use it at the terminal."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_feedback.records.searches import SearchEvent, Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_kb.cli.group import main

from ..conftest import search

SITE = {
    "billing/vat/": {
        "title": "VAT | number",
        "source": "billing/vat.md",
        "owner": "billing",
        "review_by": "2027-01-31",
    },
    "guide/reset/": {"title": "=Reset", "source": "guide/reset.md", "owner": ""},
    "about/": {"title": "About", "source": "about.md"},
}
EVIL = "<b>\x1b[31m | `vat`"


@pytest.fixture
def project(tmp_path: Path, store_place: Path | str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built site whose VAT article was found by three people; one of them said why it did not help."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    (tmp_path / "site" / "handrail").mkdir(parents=True)
    (tmp_path / "site" / "handrail" / "site.json").write_text(json.dumps({"format": 1, "articles": SITE}))
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    log = SearchLog(store, retention_days=365)
    for number in range(3):
        one = search(EVIL, tab=f"reader-{number}", at=now() - timedelta(days=1))
        log.record(one)
        log.event(SearchEvent(one.search_id, "click", one.at, "billing/vat/#rate", 1))
    assert log.close()
    keep_vote(store, Vote("billing/vat/", False, now(), "It says | 16 %.", tab="reader-0", reasons=("outdated",)))
    store.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["articles", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_the_list_names_who_was_read_and_all_when_asked(project: Path) -> None:
    assert "VAT | number  (billing/vat/)" in run()
    assert "readers 3, before not enough data; asked a person: 0; 0 yes, <3 no (not enough data)" in run()
    assert "owner billing, review by 2027-01-31" in run()
    assert "About" not in run()
    assert "About" in run("--all")
    assert "VAT" not in run("--all", "--owner", "accounts")


@pytest.mark.parametrize("named", ["billing/vat/", "docs/billing/vat.md"])
def test_one_article_is_told_in_full(project: Path, named: str) -> None:
    said = run(named)
    assert "Readers: 3, before not enough data" in said
    assert "3 people: <b> [31m | `vat`" in said
    assert "<3 said: It is wrong or out of date" in said
    assert "no: It says | 16 %." in said


def test_programs_read_the_same(project: Path) -> None:
    [first, *_] = json.loads(run("--json"))["articles"]
    assert (first["location"], first["readers"], first["no"], first["reasons"]) == (
        "billing/vat/", 3, None, {"outdated": None}
    )  # fmt: skip
    one = json.loads(run("billing/vat/", "--json"))
    assert one["sentences"][0]["words"] == "It says | 16 %."
    rows = list(csv.DictReader(io.StringIO(run("--csv", "--all").removeprefix("\ufeff"))))
    assert [(row["title"], row["readers"], row["outdated"]) for row in rows] == [
        ("VAT | number", "3", ""), ("'=Reset", "0", "0"), ("About", "0", "0")
    ]  # fmt: skip


def test_nothing_that_customers_typed_is_obeyed_as_markdown(project: Path) -> None:
    said = run("billing/vat/", "--markdown")
    assert "<b>" not in said and "\x1b" not in said
    assert "It says &#124; 16 %." in said
    assert "| VAT &#124; number |" in run("--markdown")


def test_a_mistake_is_one_clear_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no article of this site" in run("no/such.md", code=1)
    assert "Leave out --csv" in run("about/", "--csv", code=1)
    monkeypatch.setenv("HANDRAIL_STORE", "not-there.db")
    assert "no search and no vote was kept yet" in run(code=1)
