"""`make outbox-test` in small, and that it would notice."""

from __future__ import annotations

import json
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from .judge import check

TESTS = Path(__file__).parents[3]
JOB = (sys.executable, "-m", "feedback.delivery.experiment.run")


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the processes it kills in /proc")
def test_every_message_with_a_code_arrives_while_service_and_mail_server_are_killed():
    small = ["--messages", "40", "--kills", "2", "--outages", "1", "--seconds", "10", "--json"]
    ran = subprocess.run([*JOB, *small], cwd=TESTS, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert figures["messages"] == 40
    assert figures["mails"] - figures["duplicates"] == 40
    assert sum(figures["killed"].values()) == 2
    assert sum(figures["faults"].values()) > 0


def mail(code, text, key=""):
    made = EmailMessage()
    made["Message-ID"], made["X-Handrail-Code"] = f"<{key or code}@acme.test>", code
    made.set_content(f"{text}\n\nmore")
    return made


def test_the_experiment_notices_what_it_is_there_for():
    codes, kept = {"A": ("one", 0), "B": ("two", 0)}, {"A": "one", "B": "two"}
    fine = [mail("A", "one"), mail("B", "two"), mail("B", "two")]
    assert check(codes, fine, kept, 2) == []
    assert "never came" in check(codes, fine[:1], kept, 2)[0]
    assert "came twice" in check(codes, [*fine, mail("A", "one", "other")], kept, 2)[0]
    assert "differ" in check(codes, [*fine, mail("A", "other words")], kept, 2)[0]
    assert "other words" in check(codes, [mail("A", "two"), mail("B", "two")], kept, 2)[0]
    assert "codes were seen" in check({"A": ("one", 0)}, fine, kept, 2)[0]
    assert "in the store" in check(codes, fine, kept | {"C": "three"}, 2)[0]
