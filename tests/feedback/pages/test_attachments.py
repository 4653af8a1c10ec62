"""Files of a message: taken by what is in them, kept with the message, gone with it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handrail_feedback.commands.messages import contact as contact_command
from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.records import messages as records_messages
from handrail_feedback.records.messages import read_file, type_of
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import messages
from handrail_feedback.storage.messages.messages import find_message, forget_message, list_messages
from handrail_kb.config.settings import Settings
from handrail_kb.site.pages import forms

from ..stores import everything_in
from .test_contact import code_in

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20
SAMPLES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"x" * 50,
    "image/gif": b"GIF89a" + b"x" * 50,
    "image/webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "application/pdf": b"%PDF-1.7\n%%EOF",
}
REFUSED = {
    "page.png": b"<!doctype html><script>alert(1)</script>",
    "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "late.pdf": b"<html>%PDF-1.7",
    "program.jpg": b"MZ\x90\0",
    "archive.gif": b"PK\x03\x04",
    "sound.webp": b"RIFF\x10\0\0\0WAVEfmt ",
    "empty.png": b"",
}
SCRIPT = {"Accept": "application/json"}


def send(client: FlaskClient, *files: tuple[str, bytes], headers: dict[str, str] | None = None, **fields: str):  # type: ignore[no-untyped-def]
    sent = {"message": "See the picture", "reply_to": "anna@acme.test", **fields}
    sent["files"] = [(io.BytesIO(content), name) for name, content in files]  # type: ignore[assignment]
    answer = client.post("/help/api/contact", data=sent, content_type="multipart/form-data", headers=headers)
    answer.request.environ["wsgi.input"].close()  # a temporary file, which the test client forgets
    return answer


@pytest.mark.parametrize(("kind", "content"), SAMPLES.items())
def test_pictures_and_documents_are_kept_with_the_message(
    client: FlaskClient, store: Store, kind: str, content: bytes
) -> None:
    message = find_message(store, code_in(send(client, ("mine", content)).text), contents=True)
    assert message
    [file] = message.attachments
    assert (file.type, file.content, file.size) == (kind, content, len(content))


def test_a_large_file_of_any_bytes_arrives_whole(client: FlaskClient, store: Store) -> None:
    picture = PNG + Random(1).randbytes(9 * 2**20)
    message = find_message(store, code_in(send(client, ("a.png", picture)).text), contents=True)
    assert message
    assert message.attachments[0].content == picture


def test_a_script_that_sends_files_reads_json(client: FlaskClient, store: Store) -> None:
    answer = send(
        client, ("a.png", PNG), headers=SCRIPT, waited="12.345", along=json.dumps({"kind": "search", "text": "x"})
    )
    assert answer.status_code == 201
    message = find_message(store, answer.get_json()["code"])
    assert message
    assert ([one.text for one in message.along], [one.name for one in message.attachments]) == (["x"], ["a.png"])
    assert send(client, ("a.png", PNG), headers=SCRIPT, waited="0.5").get_json()["fields"]["waited"]


@pytest.mark.parametrize(("name", "content"), REFUSED.items())
def test_a_file_is_judged_by_its_content_not_by_its_name(
    client: FlaskClient, store: Store, name: str, content: bytes
) -> None:
    page = send(client, ("fine.png", PNG), (name, content))
    assert page.status_code == 422
    assert f"“{name}” is no PNG, JPEG, GIF, WebP or PDF file." in page.text
    assert "See the picture" in page.text
    fields = send(client, (name, content), headers=SCRIPT).get_json()["fields"]
    assert list(fields) == ["files"]
    assert list_messages(store) == []


def test_files_that_are_too_large_or_too_many_are_told_and_the_words_stay(client: FlaskClient, store: Store) -> None:
    large = send(client, ("a.png", PNG + b"x" * 6 * 2**20), ("b.png", PNG + b"x" * 5 * 2**20))
    assert large.status_code == 422
    assert "The files are larger than 10 MB together." in large.text
    assert "See the picture" in large.text
    many = send(client, *[(f"{number}.png", PNG) for number in range(6)])
    assert "Please choose at most 5 files." in many.text
    assert "See the picture" in many.text
    assert list_messages(store) == []


def test_what_is_far_too_large_is_not_even_read(client: FlaskClient, store: Store) -> None:
    answer = send(client, ("a.png", PNG + b"x" * 21 * 2**20))
    assert (answer.status_code, list_messages(store)) == (422, [])
    assert "The files are larger than 10 MB together." in answer.text


def test_a_site_may_do_without_files(store: Store, log: SearchLog, settings: Settings) -> None:
    app = Flask("acme")
    none = replace(settings, values={**settings.values, "attachment_mb": 0})
    app.register_blueprint(customer_pages(store, log, none, SiteSeen(base_path="/help/")))
    client = app.test_client()
    assert 'type="file"' not in client.get("/help/contact/").text
    assert send(client, ("a.png", PNG)).status_code == 422
    assert send(client).status_code == 200


def test_nobody_can_fill_the_disk(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_STORED", 2 * len(PNG))
    assert [send(client, ("a.png", PNG), subject=f"{n}").status_code for n in range(3)] == [200, 200, 422]
    assert "Please send your message without them." in send(client, ("a.png", PNG), subject="last").text
    assert send(client, subject="words alone").status_code == 200


def test_the_same_form_sent_twice_is_one_message_and_another_picture_is_another(
    client: FlaskClient, store: Store
) -> None:
    for _ in range(2):
        send(client, ("a.png", PNG), token="form-1")
    assert len(list_messages(store)) == 1
    send(client, ("a.png", PNG + b"other"), token="form-1")
    assert len(list_messages(store)) == 2
    assert sum(len(message.attachments) for message in list_messages(store)) == 2


def test_erasing_a_message_erases_its_files(client: FlaskClient, store: Store) -> None:
    code = code_in(send(client, ("a.png", PNG)).text)
    assert forget_message(store, code)
    assert store.read("SELECT * FROM attachments") == []
    assert b"picturepicture" not in everything_in(store)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("photo.PNG", "photo.png"),
        ("photo.jpg", "photo.jpg.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\me\\photo.png", "photo.png"),
        ("..", "file.png"),
        ("a\r\nBcc: x.png", "a__Bcc_ x.png"),
        ("invoice\u202egnp.exe", "invoice_gnp.exe.png"),
        ('"><script>.png', "___script_.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
        ("Rechnung für Ännchen.png", "Rechnung für Ännchen.png"),
    ],
)
def test_the_name_of_a_file_is_made_harmless_and_fits_its_content(name: str, kept: str) -> None:
    file = read_file(name, PNG)
    assert file
    assert file.name == kept


def test_the_form_offers_what_the_service_takes() -> None:
    assert forms.FILES == records_messages.ACCEPTED
    assert forms.MAX_FILES == records_messages.MOST_FILES


@given(st.binary(max_size=40))
def test_only_five_formats_have_a_type(content: bytes) -> None:
    assert type_of(content) in {*SAMPLES, ""}


def test_an_agent_reads_the_files_with_the_command(
    client: FlaskClient, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_in(send(client, ("a.png", PNG), ("b.pdf", b"%PDF-1.7")).text)
    monkeypatch.setenv("HANDRAIL_STORE", str(store.at))
    config = ["--config", str(tmp_path / "mkdocs.yml")]
    assert "a.png (image/png, 148 bytes)" in CliRunner().invoke(contact_command, ["show", code, *config]).output
    [listed] = json.loads(CliRunner().invoke(contact_command, ["list", "--json", *config]).output)
    assert listed["attachments"][1] == {"name": "b.pdf", "type": "application/pdf", "size": 8}
    CliRunner().invoke(contact_command, ["show", code, "--files", str(tmp_path / "out"), *config])
    assert (tmp_path / "out" / f"{code}-1-a.png").read_bytes() == PNG
    assert (tmp_path / "out" / f"{code}-1-a.png").stat().st_mode & 0o077 == 0


NAMES = st.sampled_from(["message", "files", "along", "waited", "opened", "token", "reply_to", "code", "do", "words"])
PARTS = st.lists(st.tuples(NAMES, st.binary(max_size=30), st.none() | st.text(max_size=5)), max_size=8)


# Werkzeug leaves the files of a form that breaks off to the garbage collector.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@hypothesis_settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=PARTS, cut=st.integers(0, 400), accept=st.sampled_from(["", "application/json", "text/html"]))
def test_no_form_with_files_is_a_fault_of_ours(
    client: FlaskClient, parts: list[tuple[str, bytes, str | None]], cut: int, accept: str
) -> None:
    body = b""
    for name, content, file in parts:
        named = "" if file is None else f'; filename="{file}"'
        body += f'--B\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"
    for address in ("/help/api/contact", "/help/contact/code/"):
        headers = {"Accept": accept, "Content-Type": "multipart/form-data; boundary=B"}
        for sent in (body + b"--B--\r\n", body[:cut]):
            assert client.post(address, data=sent, headers=headers).status_code in (200, 201, 400, 404, 422)
