"""What tests of several packages share: the real encoder, exported once and kept between runs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

try:
    from hypothesis import settings
except ImportError:  # the plugin is tested on machines that have nothing but MkDocs, too
    pass
else:
    # A busy machine is slow now and then, which is no failure.
    settings.register_profile("handrail", deadline=None)
    settings.load_profile("handrail")

from .feedback.postgres import PostgresServer, programs

ROOT = Path(__file__).parents[1]
EXPORT = """
import sys, pathlib
from handrail_search.embedding.export import ensure_exported
ensure_exported("all-MiniLM-L6-v2", pathlib.Path(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    """What the person at the keyboard has set for Handrail must not change what a test sees."""
    for name in [name for name in os.environ if name.startswith("HANDRAIL_") and "TEST" not in name]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_they_were():
    """A command that runs in this process sets up logging for itself."""
    names = ("mkdocs", "handrail_search", "handrail_feedback", "handrail_kb")
    before = [(log := logging.getLogger(name), log.handlers, log.propagate, log.level) for name in names]
    yield
    for log, handlers, propagate, level in before:
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


@pytest.fixture(autouse=True, scope="session")
def _an_encoder_is_opened_once():
    """Hundreds of services open the same file, which takes longer than all the rest of their start.

    A file that was written anew is opened anew.
    """
    try:
        import onnxruntime
    except ImportError:
        yield
        return
    opened, open_session = {}, onnxruntime.InferenceSession

    def open_once(file, options, **more):
        state = Path(file).stat()
        key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, options.intra_op_num_threads)
        if key not in opened:
            opened[key] = open_session(file, options, **more)
        return opened[key]

    patch = pytest.MonkeyPatch()
    patch.setattr(onnxruntime, "InferenceSession", open_once)
    yield
    patch.undo()


def pytest_generate_tests(metafunc):
    """Every test of the store runs on both databases, but for those that are about an SQLite file."""
    if "store_place" in metafunc.fixturenames:
        of_a_file = metafunc.definition.get_closest_marker("sqlite")
        metafunc.parametrize("store_place", ["sqlite"] if of_a_file else ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def store_place(request, tmp_path):
    """Where a store is, or may be made: a file, or a database of a PostgreSQL server that the tests start.

    A database has its tables already, and nothing in them, unless the test asks for a `new_database`.
    """
    if request.param == "sqlite":
        yield tmp_path / "state" / "store.db"
    elif "new_database" in request.fixturenames:
        yield request.getfixturevalue("new_database")()
    else:
        postgres = request.getfixturevalue("postgres")
        name = postgres.borrow_database()
        yield postgres.url(name)
        postgres.give_database_back(name)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, started when the first test wants it."""
    pytest.importorskip("psycopg_pool", reason="handrail[postgres] is not installed")
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL 15 or newer: apt-get install postgresql")
    server = PostgresServer.create(found)
    yield server
    server.remove()


@pytest.fixture
def new_database(postgres):
    """Makes empty databases: `new_database()` is the address of one. They are dropped after the test."""
    made = []

    def make():
        made.append(postgres.create_database())
        return postgres.url(made[-1])

    yield make
    for name in made:
        postgres.drop_database(name)


@pytest.fixture
def away(request, store):
    """While `with away():` lasts the store cannot be used; then all is there again."""

    @contextmanager
    def of_a_file():
        store.close()
        hidden = store.at.rename(store.at.with_name("hidden.db")) if store.at.exists() else None
        store.at.parent.mkdir(parents=True, exist_ok=True)
        store.at.write_text("no database" * 100)
        yield
        # In one step: whoever tries again meanwhile must not make an empty store there.
        if hidden:
            hidden.replace(store.at)
        else:
            store.at.unlink()

    @contextmanager
    def of_a_database():
        server, name = request.getfixturevalue("postgres"), urlsplit(store.at).path[1:]
        server.refuse(name)
        yield
        server.accept(name)

    return of_a_file if isinstance(store.at, Path) else of_a_database


@pytest.fixture(scope="session")
def encoder_cache():
    """The folder that exported encoders are kept in. The first run takes some seconds to fill it."""
    cache = ROOT / ".cache" / "encoder"
    # A process of its own, so that no test runs beside a loaded torch.
    subprocess.run([sys.executable, "-c", EXPORT, str(cache)], check=True, capture_output=True)
    return cache


@pytest.fixture(scope="session")
def exported(encoder_cache):
    """The folder of the exported built-in encoder. Copy it before changing anything."""
    [folder] = encoder_cache.glob("all-MiniLM-L6-v2-*")
    return folder


@pytest.fixture(scope="session")
def lend_encoder(encoder_cache):
    """Gives a state folder the exported encoder, so that it is not exported anew: `lend_encoder(path)`."""

    def lend(state_dir: Path) -> Path:
        state_dir.mkdir(parents=True, exist_ok=True)
        (state_dir / "encoder").symlink_to(encoder_cache)
        return state_dir

    return lend
