"""A folder for temporary files that is full, fills up, or cannot be written takes nothing from customers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from waiting import until

from ..test_serving import built, built_once, get, started, titles, workers  # noqa: F401 (fixtures)
from .small_disk import fill, small_disk

BOUNDARY = "b0undary"


def post(address, body, kind):
    asked = urllib.request.Request(address, body, {"Content-Type": kind, "Accept": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def with_file(size):
    """A message with a file of so many bytes, as a browser sends it."""
    bill = "%PDF-1.4\n" + "% a line of a bill\n" * (size // 18) + "%%EOF\n"
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="message"\r\n\r\nMy invoice is wrong.',
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="bill.pdf"\r\n'
        f"Content-Type: application/pdf\r\n\r\n{bill}",
        f"--{BOUNDARY}--\r\n",
    ]
    return "\r\n".join(parts).encode(), f"multipart/form-data; boundary={BOUNDARY}"


def everything_answers(address):
    """Pages, search, contact, health and metrics, and addresses that count what was never counted before."""
    assert get(f"{address}pears/")[0] == 200
    assert titles(address, "pears")[0] == "Pears"
    status, text = post(f"{address}api/contact", json.dumps({"message": "Hello?"}).encode(), "application/json")
    assert status == 201, text
    status, text = post(f"{address}api/contact", *with_file(900_000))
    assert status == 201, text
    for path in ("nowhere/", "api/search", "find/?q=pears", "code/", "desk/login", "contact/"):
        get(address + path)
    assert post(f"{address}api/events", b"[", "application/json")[0] == 400
    assert get(f"{address}metrics")[0] == 200
    assert get(f"{address}readyz")[0] == 200


@pytest.fixture
def service(built, monkeypatch):  # noqa: F811
    """Starts a service whose temporary files are in a folder."""

    def start(folder):
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setenv("HANDRAIL_CONTACT_RATE", "1000 per minute")
        return started(built, "run", "--workers", "2")

    return start


@pytest.mark.long
def test_temporary_files_that_fill_up_end_no_process_and_counts_are_written_when_there_is_room(service, tmp_path):
    with small_disk(tmp_path / "tmp", kib=2048) as folder, service(folder) as (process, address, log):
        before = until(lambda: found if len(found := workers(process)) == 2 else None)
        filling = fill(folder)
        for _ in range(6):
            everything_answers(address)
        assert workers(process) == before
        filling.unlink()
        for _ in range(6):
            everything_answers(address)
        page = get(f"{address}metrics")[1]
        [counted] = [line for line in page.splitlines() if line.startswith('handrail_contact_total{outcome="kept"}')]
        assert float(counted.split()[1]) == 24
        assert workers(process) == before
    assert "Traceback" not in log.read_text()


@pytest.mark.long
@pytest.mark.parametrize("read_only", [False, True], ids=["full", "read only"])
def test_a_service_starts_and_answers_without_any_room_for_temporary_files(service, tmp_path, read_only):
    with small_disk(tmp_path / "tmp", kib=64, read_only=read_only) as folder:
        if not read_only:
            fill(folder)
        with service(folder) as (process, address, log):
            before = until(lambda: found if len(found := workers(process)) == 2 else None)
            for _ in range(3):
                everything_answers(address)
            assert workers(process) == before
            assert "Traceback" not in log.read_text()
