"""The encoder that `handrail tune` made for a site: where it is kept, whether it is used, and how it is removed.

    tuned/CURRENT             one line, written last: the folder in force
    tuned/3fa9c2d81b04/       tuned.json, and the encoder as a folder that sentence-transformers reads

Building an index asks `tuned_encoder_for`. Knows nothing of how an encoder is tuned.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from handrail_kb.config.durable_files import write_down_all, write_whole
from handrail_kb.config.plain_files import plain_text
from handrail_kb.errors import EncoderUnavailable
from handrail_kb.texts.log.logger import Log
from handrail_search.embedding.weights import find_model

log = Log(__name__)


TUNED_FORMAT = 1
UNDO = "Tune again: handrail tune, or go back for good: handrail tune --undo"
_SUFFIX = "-tuned"


@dataclass(frozen=True)
class Tuned:
    """What is known of a tuned encoder.

    `base` is the name of the encoder that it was made from; digests are the sha256 of weights. `questions` is the
    number of questions it learned from, `made` when it was tuned.
    """

    format: int
    folder: str
    base: str
    base_sha256: str
    weights_sha256: str
    questions: int
    made: str


def home(state_dir: Path) -> Path:
    """The folder of a site's tuned encoders."""
    return state_dir / "tuned"


def tuned_name(model: str) -> str:
    """The name of an encoder tuned from `model`, in folders and in an index."""
    return Path(model).name + _SUFFIX


def tuned_encoder_for(model: str, state_dir: Path) -> str:
    """The encoder to build with where the settings name `model`: the one tuned from it, if there is one, or `model`.

    A tuned encoder that is damaged or was made from another one is not used, and a warning says so.
    """
    try:
        tuned = read_tuned(model, state_dir)
    except EncoderUnavailable as error:
        log("encoder.tuning_unused", model=Path(model).name, reason=error)
        return model
    return str(home(state_dir) / tuned.folder / tuned_name(tuned.base)) if tuned else model


def read_tuned(model: str, state_dir: Path) -> Tuned | None:
    """The tuned encoder in use; None when there is none.

    Raises EncoderUnavailable when it is damaged, or was not made from the `model` that the settings name.
    """
    current = home(state_dir) / "CURRENT"
    if not current.exists():
        return None
    try:
        name = plain_text(current).strip()
        tuned = Tuned(**json.loads(plain_text(home(state_dir) / Path(name).name / "tuned.json")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise EncoderUnavailable(f"The tuned encoder that {current} names cannot be read.", UNDO) from error
    if tuned.format != TUNED_FORMAT or tuned.folder != name:
        raise EncoderUnavailable(f"The tuned encoder that {current} names is not one that this Handrail reads.", UNDO)
    if tuned.base_sha256 != find_model(model)[1]:
        raise EncoderUnavailable(
            f"The tuned encoder was made from {tuned.base}, but the setting `encoder` names {Path(model).name} now.",
            UNDO,
        )
    _check_weights(tuned, home(state_dir) / name / tuned_name(tuned.base))
    return tuned


def _check_weights(tuned: Tuned, folder: Path) -> None:
    try:
        found = find_model(str(folder))[1]
    except EncoderUnavailable:
        found = "nothing"
    if found != tuned.weights_sha256:
        raise EncoderUnavailable(
            f"The tuned encoder in {folder} is damaged: its weights have sha256 {found[:16]}, "
            f"but {tuned.weights_sha256[:16]} was kept.",
            UNDO,
        )


def keep_tuned(tuned: Tuned, encoder: Path, state_dir: Path) -> None:
    """Put the tuned `encoder`, a folder on the same disk, into use: it is moved to its place, then named in CURRENT."""
    folder = home(state_dir) / tuned.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    encoder.rename(folder / tuned_name(tuned.base))
    (folder / "tuned.json").write_text(json.dumps(asdict(tuned), indent=1) + "\n", encoding="utf-8")
    write_down_all(folder)
    write_whole(home(state_dir) / "CURRENT", tuned.folder + "\n")
    for other in home(state_dir).iterdir():
        if other.is_dir() and other != folder and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)


def forget_tuned(state_dir: Path) -> bool:
    """Delete every tuned encoder of a site, whatever state they are in; returns whether there was one."""
    current = home(state_dir) / "CURRENT"
    there = current.exists()
    current.unlink(missing_ok=True)
    shutil.rmtree(home(state_dir), ignore_errors=True)
    for exported in (state_dir / "encoder").glob(f"*{_SUFFIX}-*"):
        shutil.rmtree(exported, ignore_errors=True)
    return there
