"""A small site, its real index (real model, real SQLite, real FAISS) and the service on it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.embedding.encoder import Encoder
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.ranking.searcher import Searcher
from handrail_search.service.app import create_app

from .acme import write_site

MODEL = "all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def encoder(exported):
    return Encoder(exported)


@pytest.fixture
def state(tmp_path, lend_encoder) -> Path:
    """A state folder with an encoder and nothing else."""
    return lend_encoder(tmp_path / "state")


@pytest.fixture(scope="session")
def acme(tmp_path_factory, lend_encoder) -> Path:
    """The small site and its state: `site` and `state` in one folder. Not to be changed."""
    root = tmp_path_factory.mktemp("acme")
    site = write_site(root / "site")
    (root / "secret.txt").write_text("the secret")
    build_index(list(read_site(site)), lend_encoder(root / "state"), MODEL)
    return root


@pytest.fixture(scope="session")
def searcher(acme) -> Searcher:
    return Searcher.open(current_generation(acme / "state" / "index"))


@pytest.fixture
def tiny(tmp_path) -> Path:
    """A tiny folder of judged questions: three articles, three questions of which one is not judged, one outside."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    articles = [
        {"_id": "pw", "title": "Reset your password", "text": "Choose a new password.\nThe mail may take a while."},
        {"_id": "inv", "title": "Invoices", "text": "A PDF file each month.", "summary": "Where your bills are"},
        {"_id": "cal", "title": "Share your calendar", "text": ""},
    ]
    questions = [("q1", "I forgot my password"), ("q2", "where is my bill"), ("q3", "not judged")]
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in articles) + "\n\n")
    (folder / "queries.jsonl").write_text("\n".join(json.dumps({"_id": i, "text": text}) for i, text in questions))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tpw\t2\nq1\tcal\t0\nq2\tinv\t1\n\n")
    (folder / "oos_queries.jsonl").write_text('{"_id": "o1", "text": "how deep is the ocean"}\n')
    return folder


@pytest.fixture
def own_acme(acme, tmp_path) -> Path:
    """A copy of the small site and its state that a test may break; use `rewrite` for the files of the encoder."""
    shutil.copytree(acme, tmp_path / "acme", symlinks=True, copy_function=_link_the_big_one)
    return tmp_path / "acme"


def _link_the_big_one(source: str, target: str) -> None:
    os.link(source, target) if source.endswith(".onnx") else shutil.copyfile(source, target)


def rewrite(file: Path, content: bytes) -> None:
    """Write a file anew: another name of the same file keeps what it had."""
    file.unlink()
    file.write_bytes(content)


@pytest.fixture
def project(built, tmp_path, monkeypatch) -> Path:
    """A copy of the project that a module of tests has in `built`, to stand in and to change."""
    shutil.copytree(built, tmp_path / "project", symlinks=True, copy_function=_link_the_big_one)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def run(project):
    """Runs a command in this process, in the folder of the project."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


class Client(FlaskClient):
    """Reads every answer to its end and closes it, as a browser does."""

    def open(self, *args, **kwargs):
        return super().open(*args, buffered=True, **kwargs)


def start(root: Path, *, state: Path | None = None, **flags):
    """The service for a folder with `site` and `state`."""
    values = {"state_dir": str(state or root / "state"), **flags}
    app = create_app(load_settings(site_dir=root / "site", flags=values))
    app.test_client_class = Client
    return app


def stop(app) -> None:
    app.extensions["handrail"].teaching.stop()
    app.extensions["handrail"].topics.stop()
    app.extensions["handrail"].searches.close()
    app.extensions["handrail"].store.close()


@pytest.fixture(scope="session")
def client(acme, tmp_path_factory):
    """For tests that only ask. The service is shared: what it keeps and counts is nobody's."""
    state = tmp_path_factory.mktemp("shared")
    (state / "index").symlink_to(acme / "state" / "index")
    app = start(acme, state=state, search_rate="1000000 per minute", contact_rate="1000000 per minute")
    yield app.test_client()
    stop(app)


@pytest.fixture
def make_app():
    """Makes a service for one test: `make_app(root, base_path="/help/")`."""
    made = []

    def make(root: Path, **flags):
        made.append(start(root, **flags))
        return made[-1]

    yield make
    for app in made:
        stop(app)


@pytest.fixture
def own_client(make_app, own_acme):
    """A service on a copy of the small site, for tests that change something or look at what is kept."""
    return make_app(own_acme).test_client()


@pytest.fixture
def kept(own_client):
    """The rows of a table of the store, after all that was sent is written: `kept("intents")`."""
    parts = own_client.application.extensions["handrail"]

    def rows(table: str):
        assert parts.searches.flush()
        return parts.store.read(f"SELECT * FROM {table}")

    return rows
