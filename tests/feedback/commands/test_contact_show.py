"""What an agent reads at the command line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_feedback.commands.messages import contact as contact_command
from handrail_feedback.records.messages import Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import answer_by_mail, answers_of, settle, undo_answer
from handrail_feedback.storage.messages.messages import keep_message

from ..conftest import NOON


def test_an_agent_reads_the_whole_thread_with_its_answers(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme")
    monkeypatch.setenv("HANDRAIL_STORE", str(store.at))
    first = keep_message(store, Message("I cannot log in.", "Login", "anna@acme.test", "en", NOON))
    answer_by_mail(store, first, "Try it\x1b[2J again.", "anna@acme.test", "bert", NOON + timedelta(hours=1), "t1")
    later = Message(f"See {first}: it helped.", "", "", "en", NOON + timedelta(hours=2))
    second = keep_message(store, later)
    settle(store, second, "nothing", "cora", NOON + timedelta(hours=3), "t2")
    undo_answer(store, answers_of(store, first)[1].id, "dora", NOON + timedelta(hours=4))

    def shown(code: str) -> str:
        return CliRunner().invoke(contact_command, ["show", code, "--config", str(tmp_path / "mkdocs.yml")]).output

    words = ["I cannot log in.", "bert: answered by mail to anna@acme.test; it waits", "Try it[2J again.",
             f"The customer added: {second}", "it helped.", "cora: closed without reply; undone",
             "by dora"]  # fmt: skip
    places = [shown(first).index(one) for one in words]
    assert places == sorted(places)
    assert "\x1b" not in shown(first)
    assert f"It adds to: {first}" in shown(second) and "Try it" in shown(second)
