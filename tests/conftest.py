"""What tests of several packages share: the real encoder, exported once and kept between runs."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import jinja2
import pytest
from jinja2.bccache import Bucket

try:
    from hypothesis import settings
except ImportError:  # the plugin is tested on machines that have nothing but MkDocs, too
    pass
else:
    # A busy machine is slow now and then, which is no failure.
    settings.register_profile("handrail", deadline=None)
    settings.load_profile("handrail")

from .feedback.postgres import PostgresServer, programs

# Python looks through all there is for garbage again and again while eleven thousand tests are collected, and there is
# hardly any: a third of the time that it takes.
gc.disable()

ROOT = Path(__file__).parents[1]
LARGE = 1_000_000  # bytes
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
    before = [(log := logging.getLogger(name), [*log.handlers], log.propagate, log.level) for name in names]
    yield
    for log, handlers, propagate, level in before:
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


def once(kept, key, make, *asked, **more):
    """What `make` has made for this key, the first time that it was asked."""
    if key not in kept:
        kept[key] = make(*asked, **more)
    return kept[key]


def as_written(file):
    """Another value once the file was written anew."""
    state = Path(file).stat()
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


class RememberingModel:
    """A model that is not run again on what it was run on: every build asks it the same sentences."""

    def __init__(self, model):
        self._model, self._found = model, {}

    def run(self, outputs, inputs):
        key = (*outputs, *((name, values.shape, values.tobytes()) for name, values in inputs.items()))
        return [vectors.copy() for vectors in once(self._found, key, self._model.run, outputs, inputs)]


@pytest.fixture(autouse=True, scope="session")
def _an_encoder_is_opened_once():
    """Hundreds of services open the same files, which takes longer than all the rest of their start.

    A file that was written anew is opened anew.
    """
    try:
        import onnxruntime

        from handrail_search.embedding import encoder
    except ImportError:
        yield
        return
    sessions, open_model = {}, onnxruntime.InferenceSession
    tokenizers, open_tokenizer = {}, encoder.Tokenizer.from_file
    words, whole_words = {}, encoder.Encoder.whole_words

    def session(file, options, **more):
        key = (as_written(file), options.intra_op_num_threads)
        return once(sessions, key, lambda: RememberingModel(open_model(file, options, **more)))

    def tokenizer(file):
        # The recipe beside it says after how many pieces a text is cut off.
        key = (Path(file).read_bytes(), Path(file).with_name("encoder.json").read_bytes())
        return once(tokenizers, key, open_tokenizer, file)

    def words_of(one):
        return once(words, id(vars(one)["_tokenizer"]), whole_words, one)  # which lives as long as `tokenizers`

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnxruntime, "InferenceSession", session)
        patch.setattr(encoder, "Tokenizer", SimpleNamespace(from_file=tokenizer))
        patch.setattr(encoder.Encoder, "whole_words", words_of)
        yield


@pytest.fixture(autouse=True, scope="session")
def _weights_are_digested_once():
    """Each build looks whether the weights are the ones it knows: 90 megabytes, which no test changes in secret."""
    try:
        from handrail_search.embedding import seal, weights
        from handrail_search.index import manifest
    except ImportError:
        yield
        return
    digests, digest = {}, weights.sha256_of

    def remembered(file):
        return digest(file) if file.stat().st_size < LARGE else once(digests, as_written(file), digest, file)

    with pytest.MonkeyPatch.context() as patch:
        for module in (weights, seal, manifest):
            patch.setattr(module, "sha256_of", remembered)
        yield


@pytest.fixture(autouse=True, scope="session")
def _addresses_are_compiled_once():
    """Each service compiles what makes its seventy addresses, which is most of its start."""
    try:
        from werkzeug.routing import Rule
    except ImportError:
        yield
        return
    made, make = {}, Rule._compile_builder  # noqa: SLF001 (what takes long has no public name)

    def compiled(rule, append_unknown=True):
        if rule.defaults:
            return make(rule, append_unknown)
        return once(made, (rule.rule, tuple(vars(rule)["_trace"]), append_unknown), make, rule, append_unknown)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compiled)
        yield


@pytest.fixture(autouse=True, scope="session")
def _passwords_are_hashed_quickly():
    """A hash is slow so that nobody can guess many; tests sign in a thousand times."""
    try:
        from argon2 import PasswordHasher

        from handrail_feedback.accounts import passwords
    except ImportError:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=128, parallelism=1))
        yield


@pytest.fixture(autouse=True, scope="session")
def _templates_are_compiled_once():
    """Each service and each build compiles its templates, which takes longer than what most tests do with them."""
    compiled, make = CompiledTemplates(), jinja2.Environment.__init__

    def keeping(environment, *args, **more):
        make(environment, *args, **more)
        environment.bytecode_cache = environment.bytecode_cache or compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "__init__", keeping)
        yield


def of_any_service(filter_):
    """What a filter is compiled to: a method of an object is the same for the objects of all services."""
    return getattr(filter_, "__func__", filter_)


class CompiledTemplates(jinja2.BytecodeCache):
    """Keeps what templates were compiled to, by all that decides it."""

    def __init__(self):
        self._kept = {}

    def get_bucket(self, environment, name, filename, source):
        escapes = environment.autoescape
        key = (
            (type(environment), name, filename, source, escapes(name) if callable(escapes) else escapes),
            (environment.block_start_string, environment.variable_start_string, environment.comment_start_string),
            (environment.trim_blocks, environment.lstrip_blocks, environment.keep_trailing_newline),
            frozenset(environment.extensions),
            frozenset((name, of_any_service(one)) for name, one in environment.filters.items()),
            frozenset(environment.tests.items()),
        )
        bucket = Bucket(environment, key, checksum="")
        bucket.code = self._kept.get(key)
        return bucket

    def set_bucket(self, bucket):
        self._kept[bucket.key] = bucket.code


@pytest.fixture(autouse=True, scope="session")
def _tables_are_made_once(tmp_path_factory):
    """Thousands of tests begin with a new SQLite file: it gets what migrations have made in another one.

    A file that has tables already is migrated as ever.
    """
    try:
        from handrail_feedback.storage.engines.sqlite import SqliteFile

        from .feedback.stores import fill, what_makes
    except ImportError:
        yield
        return
    made, begin, migrate = {}, SqliteFile.__init__, vars(SqliteFile)["_migrate"]

    def remembering(file, path, migrations, busy_seconds):
        begin(file, path, migrations, busy_seconds)
        file.steps = tuple(migrations)

    @wraps(migrate)
    def copying(file, connection, *, known, **more):
        if not known and not connection.statements("table"):
            if file.steps not in made:
                made[file.steps] = ()
                with SqliteFile(tmp_path_factory.mktemp("tables") / "store.db", file.steps, 5).reading() as other:
                    made[file.steps] = what_makes(other)
            fill(connection, made[file.steps])
        return migrate(file, connection, known=known, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteFile, "__init__", remembering)
        patch.setattr(SqliteFile, "_migrate", copying)
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than there are cores, because tests wait for servers, browsers and commands."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish():
    """What was loaded and collected stays to the end: from now on garbage is looked for in what tests make alone."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Ask no database twice."""
    items[:] = [item for item in items if not is_of_no_database(item)]


def is_of_no_database(item):
    """Whether PostgreSQL sees of a test what it sees of the first one of its `inputs`, and nothing else."""
    asked = getattr(item, "callspec", None)
    if not item.get_closest_marker("inputs") or not asked or asked.params.get("store_place") != "postgres":
        return False
    return any(number for name, number in asked.indices.items() if name != "store_place")


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
    """The folder that exported encoders are kept in; where it is new, with those that `make docs` has exported.

    Without them, the first run takes some seconds to fill it.
    """
    cache, of_docs = ROOT / ".cache" / "encoder", ROOT / ".handrail" / "encoder"
    if of_docs.exists() and not cache.exists():
        cache.parent.mkdir(exist_ok=True)
        shutil.copytree(of_docs, own := Path(tempfile.mkdtemp(dir=cache.parent)) / "encoder")
        with suppress(OSError):  # another worker was quicker
            own.rename(cache)
        shutil.rmtree(own.parent)
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
