"""What tests of several packages share: the real encoder, exported once and kept between runs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

try:
    from hypothesis import settings
except ImportError:  # the plugin is tested on machines that have nothing but MkDocs, too
    pass
else:
    # A busy machine is slow now and then, which is no failure.
    settings.register_profile("handrail", deadline=None)
    settings.load_profile("handrail")

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
