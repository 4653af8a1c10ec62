"""The public sites: where each is looked for, what it needs, what it is asked. Read from sites.yml."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".cache" / "adoption"
RECIPES = Path(__file__).with_name("sites.yml")
QUESTIONS = 5


@dataclass(frozen=True)
class Recipe:
    """A public site. `folder` is where its mkdocs.yml stands, `paths` where its own Python modules do."""

    name: str
    repository: str
    commit: str
    kind: str
    questions: tuple[str, ...]
    packages: tuple[str, ...] = ()
    folder: str = "."
    paths: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def checkout(self, sites: Path) -> Path | None:
        """Its folder among the checkouts, by its own name or the repository's; None where it is missing."""
        places = (sites / self.name, sites / self.repository.rpartition("/")[2])
        return next((place for place in places if (place / self.folder / "mkdocs.yml").is_file()), None)


def read(names: Iterable[str] = ()) -> list[Recipe]:
    """The recipes of these names, or all."""
    known = yaml.safe_load(RECIPES.read_text(encoding="utf-8"))
    if unknown := set(names) - set(known):
        raise SystemExit(f"{RECIPES.name} has no site named {', '.join(sorted(unknown))}.")
    return [_recipe(name, known[name]) for name in sorted(set(names) or known)]


def _recipe(name: str, written: Mapping[str, object]) -> Recipe:
    lists = {key: tuple(value) for key, value in written.items() if isinstance(value, list)}
    recipe = Recipe(name=name, **{**written, **lists})  # type: ignore[arg-type]
    if len(recipe.questions) != QUESTIONS:
        raise SystemExit(f"{RECIPES.name}: {name} has {len(recipe.questions)} questions, not {QUESTIONS}.")
    return recipe


def commit_of(checkout: Path) -> str:
    """The commit that is checked out; empty where git does not know."""
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def say(words: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()
