"""The checkouts of a folder: every one with a mkdocs.yml, and what `sites.yml` beside them says that each needs.

Nothing about other people's sites stands in this project.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

sys.path.append(str(Path(__file__).parents[1]))
from bench.published import put_into as put_into

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".cache" / "adoption"
BESIDE = "sites.yml"
QUESTIONS = 5
_USUAL = ("mkdocs-material",)
_REMOTE = re.compile(r"[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


@dataclass(frozen=True)
class Recipe:
    """A site. `folder` is where its mkdocs.yml stands, `paths` where its own Python modules do.

    `questions` are empty where nobody wrote any: they are made of its pages then.
    """

    name: str
    repository: str = ""
    commit: str = ""
    kind: str = ""
    questions: tuple[str, ...] = ()
    packages: tuple[str, ...] = _USUAL
    folder: str = "."
    paths: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def checkout(self, sites: Path) -> Path | None:
        """Its folder among the checkouts, by its own name or the repository's; None where it is missing."""
        places = (sites / name for name in (self.name, self.repository.rpartition("/")[2]) if name)
        return next((place for place in places if (place / self.folder / "mkdocs.yml").is_file()), None)


def read(sites: Path, names: Iterable[str] = ()) -> list[Recipe]:
    """What is named in `sites.yml` and what else is there, or those of these names."""
    file = sites / BESIDE
    written = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    known = {name: _recipe(file, name, about or {}) for name, about in (written or {}).items()}
    taken = {recipe.checkout(sites) for recipe in known.values()}
    for place in sorted(sites.iterdir()):
        if place not in taken and not place.name.startswith(".") and (place / "mkdocs.yml").is_file():
            known[place.name] = Recipe(place.name)
    if unknown := set(names) - set(known):
        raise SystemExit(f"{sites} has no site named {', '.join(sorted(unknown))}.")
    return [known[name] for name in sorted(set(names) or known)]


def _recipe(file: Path, name: str, about: Mapping[str, Any]) -> Recipe:
    fields = set(Recipe.__dataclass_fields__) - {"name"}
    if not isinstance(about, Mapping) or set(about) - fields:
        raise SystemExit(f"{file}: '{name}' should have no other fields than {', '.join(sorted(fields))}.")
    lists = {key: tuple(value) for key, value in about.items() if isinstance(value, list)}
    recipe = Recipe(name=name, **{**about, **lists})
    if len(recipe.questions) not in (0, QUESTIONS):
        raise SystemExit(f"{file}: '{name}' has {len(recipe.questions)} questions. Give it {QUESTIONS}, or none.")
    return recipe


def questions_from(titles: Iterable[str]) -> tuple[str, ...]:
    """Five questions for a site that has none of its own: titles of its pages, from all over it."""
    known = list(dict.fromkeys(title.strip() for title in titles if len(title.strip()) > 2))
    if not known:
        return ()
    return tuple(known[(number * len(known)) // QUESTIONS] for number in range(QUESTIONS))


def repository_of(checkout: Path) -> str:
    """The owner and the name of the repository that a checkout was made of; empty where git does not know."""
    found = _REMOTE.search(_git(checkout, "remote", "get-url", "origin"))
    return found[1] if found else ""


def commit_of(checkout: Path) -> str:
    """The commit that is checked out; empty where git does not know."""
    return _git(checkout, "rev-parse", "HEAD")


def _git(checkout: Path, *words: str) -> str:
    if not (checkout / ".git").exists():  # a folder above may be another repository
        return ""
    done = subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def say(words: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()
