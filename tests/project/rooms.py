"""The rooms of the house, drawn from the code: what is in each folder, and who may import it.

    python tests/project/rooms.py           rewrite the tables in every folder's README.md, and in ARCHITECTURE.md
    python tests/project/rooms.py --count   print the names in each folder; exit code 1 where there are more than twelve

Sentences are the first ones of docstrings, floors are those that import-linter holds (`pyproject.toml`); so each is
written once. `tests/project/test_architecture.py` fails when a table is stale or a folder too full.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# From the ground up: a package is imported by those after it.
PACKAGES = (
    ROOT / "kb" / "handrail_kb",
    ROOT / "feedback" / "handrail_feedback",
    ROOT / "search" / "handrail_search",
)
TESTS = ROOT / "tests"
MOST_NAMES = 12
# The table of all rooms, where the page has a place for it.
HOUSE = ROOT / "ARCHITECTURE.md"

_NOT_COUNTED = {"__init__.py", "__pycache__", "py.typed", "README.md"}
# What tools leave behind, and in tests/ the articles and questions of help sites: as many as their writers need.
_NOT_COUNTED_IN = {"__pycache__", "golden", "sites"}
_BLOCK = re.compile(r"(<!-- rooms -->\n).*?(<!-- /rooms -->)", re.S)
_SENTENCE = re.compile(r".*?[.?!](?=\s|$)")
# What is in a room and is no module.
_OTHERS = {
    "asking_for_person.yml": "The words by which that is recognised, in each language of the texts of customers",
    "accessibility.md": "The accessibility statement that `handrail new --accessibility` writes, to be filled in",
    "assets": "What browsers load: scripts and the style; no build step, no dependency",
    "templates": "Jinja templates of the pages",
    "static": "Styles of the pages",
    "openapi.json": "The addresses for programs, as OpenAPI",
    "sensitive_topics.yml": "Sentences in several languages from which each topic is recognised",
    "de.yml": "German",
    "en.yml": "English",
    "es.yml": "Spanish",
    "fr.yml": "French",
}


def folders() -> Iterator[Path]:
    """Every folder of the packages and of the tests that holds something."""
    for top in (*PACKAGES, TESTS):
        for folder in (top, *sorted(path for path in top.rglob("*") if path.is_dir())):
            if names_in(folder) and _NOT_COUNTED_IN.isdisjoint(folder.relative_to(top).parts):
                yield folder


def names_in(folder: Path) -> list[str]:
    """What a reader sees in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.name not in _NOT_COUNTED and path.name[0] != ".")


def files(*endings: str) -> list[Path]:
    """Every file of the packages with one of these endings, such as `.py`."""
    found = (path for package in PACKAGES for path in sorted(package.rglob("*")))
    return [path for path in found if path.suffix in endings and "__pycache__" not in path.parts]


def rooms(package: Path) -> list[Path]:
    """A package and its rooms: the folders that hold modules."""
    return [package, *sorted(path.parent for path in package.rglob("__init__.py") if path.parent != package)]


def sentence(path: Path) -> str:
    """The first sentence of a module or of a room. Raises ValueError where there is none."""
    source = path / "__init__.py" if path.is_dir() else path
    told = " ".join((ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").split())
    first = _SENTENCE.match(told)
    if not first:
        raise ValueError(f"{source} has to begin with a docstring whose first sentence says what it is.")
    return first[0]


def floors(package: Path) -> list[tuple[list[str], bool]]:
    """The floors of a package, the highest first: the rooms, and whether they may import each other."""
    [layers] = [one["layers"] for one in _contracts() if one.get("containers") == [package.name]]
    return [(re.split(r" *[|:] *", layer), ":" in layer) for layer in layers]


def _contracts() -> list[dict[str, Any]]:
    held = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return list(held)


def barred(room: Path, package: Path) -> set[str]:
    """Modules from above that a contract of its own keeps from importing a room."""
    name = ".".join(room.relative_to(package.parent).parts)
    return {
        source
        for contract in _contracts()
        for forbidden in contract.get("forbidden_modules", ())
        if name == forbidden or name.startswith(f"{forbidden}.")
        for source in contract["source_modules"]
    }


def contents(room: Path) -> str:
    """What a room is, what is in it, and who may import it."""
    if room in PACKAGES:
        rule = "The highest floor first; a room imports only from floors below it."
        return "\n".join([sentence(room), "", rule, "", *_by_floor(room, _linked)])
    rows = [f"| {_shown(path)} | {_told(path)} |" for path in (room / name for name in names_in(room))]
    return "\n".join([sentence(room), "", "| In here | What it is |", "|---|---|", *rows, "", _importers(room)])


def _shown(path: Path) -> str:
    if path.is_dir() and (path / "README.md").is_file():
        return f"[`{path.name}/`]({path.name}/README.md)"
    return f"`{path.name}{'/' if path.is_dir() else ''}`"


def _told(path: Path) -> str:
    if path.suffix == ".py" or (path / "__init__.py").is_file():
        return sentence(path).removesuffix(".").replace("|", "&#124;")
    if path.name not in _OTHERS:
        raise ValueError(f"Say in _OTHERS of {Path(__file__).name} what {path.relative_to(ROOT)} is.")
    return _OTHERS[path.name]


def _importers(room: Path) -> str:
    package = next(one for one in PACKAGES if room.is_relative_to(one))
    top = room.relative_to(package).parts[0]
    above: list[str] = []
    for names, together in floors(package):
        if top in names:
            above += [name for name in names if together and name != top]
            break
        above += names
    kept_out = barred(room, package)
    told = [f"`{name}`" for name in above if f"{package.name}.{name}" not in kept_out]
    for other in PACKAGES[PACKAGES.index(package) + 1 :]:
        listed = sorted(name for names, _ in floors(other) for name in names)
        may = [name for name in listed if f"{other.name}.{name}" not in kept_out]
        if len(may) * 2 < len(listed):
            told.append(f"{_quoted(may)} of `{other.name}`")
        else:
            but = _quoted(name for name in listed if name not in may)
            told.append(f"all of `{other.name}`" + (f" but {but}" if but else ""))
    return f"May be imported by: {', '.join(told) or 'no other room'} (import-linter holds it: `make floors`)."


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _linked(path: Path) -> str:
    return f"[`{path.stem}`]({f'{path.name}/README.md' if path.is_dir() else path.name})"


def _by_floor(package: Path, named: Callable[[Path], str]) -> list[str]:
    rows = ["| Floor | Room | What it is |", "|---|---|---|"]
    listed = floors(package)
    for at, (names, _) in enumerate(listed):
        for name in names:
            path = package / name if (package / name).is_dir() else package / f"{name}.py"
            rows.append(f"| {len(listed) - at} | {named(path)} | {_told(path)} |")
    return rows


def house() -> str:
    """All rooms, floor by floor, for ARCHITECTURE.md."""
    blocks = []
    for package in reversed(PACKAGES):
        table = "\n".join(_by_floor(package, lambda path: f"`{path.stem}`"))
        page = f"{package.relative_to(ROOT)}/README.md"
        blocks.append(f"**[{package.parent.name}]({page})**: {sentence(package)}\n\n{table}")
    return "\n\n".join(blocks)


def pages() -> dict[Path, str]:
    """Every page with a table of ours, as it should be. Raises ValueError where a README or its marks are missing."""
    found = {room / "README.md": contents(room) for package in PACKAGES for room in rooms(package)}
    if _BLOCK.search(HOUSE.read_text(encoding="utf-8")):
        found[HOUSE] = house()
    return {file: _filled(file, table) for file, table in found.items()}


def _filled(file: Path, table: str) -> str:
    page = file.read_text(encoding="utf-8") if file.is_file() else ""
    if len(_BLOCK.findall(page)) != 1:
        raise ValueError(f"{file} has to hold <!-- rooms --> and <!-- /rooms --> once.")
    return _BLOCK.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page)


def count() -> int:
    """Print the names in each folder; 1 when one has too many."""
    full = 0
    for folder in folders():
        names = len(names_in(folder))
        full |= names > MOST_NAMES
        mark = f"  more than {MOST_NAMES}" if names > MOST_NAMES else ""
        sys.stdout.write(f"{names:3}  {folder.relative_to(ROOT)}{mark}\n")
    return full


def rewrite() -> None:
    """Bring every table up to date."""
    for file, page in pages().items():
        file.write_text(page, encoding="utf-8")
        sys.stdout.write(f"{file} is up to date\n")


if __name__ == "__main__":
    if "--count" in sys.argv[1:]:
        sys.exit(count())
    rewrite()
