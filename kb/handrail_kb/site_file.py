"""What is wrong with mkdocs.yml, each with its line: settings of Handrail, ways to a person, entries of `nav`.

The build stops at the settings it cannot use, and `handrail check` names all at once. Does not need MkDocs.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handrail_kb.articles import Problem, is_there
from handrail_kb.channels import Contact, read_contact
from handrail_kb.errors import ConfigError
from handrail_kb.matters import GROUP, read_matters
from handrail_kb.places import Places, nav_of, places_of
from handrail_kb.policy import Sources
from handrail_kb.policy_allow import GROUP as CSP_ALLOW
from handrail_kb.policy_allow import read_allow
from handrail_kb.settings import check_options, options_of
from handrail_kb.settings_table import Value
from handrail_kb.shown import shown_folder

_WHERE = "plugins: handrail"


@dataclass(frozen=True)
class Options:
    """The plugin's options as they can be used, the ways to a person, and what is wrong with both."""

    values: Mapping[str, Value]
    contact: Contact
    allow: Sources
    problems: tuple[Problem, ...]

    @property
    def faults(self) -> tuple[Problem, ...]:
        """What a site cannot be built with."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def site_file_problems(config_file: Path, docs_dir: Path, site_dir: Path) -> list[Problem]:
    """Everything that is wrong with mkdocs.yml and what it inherits from. Raises ConfigError where it is no YAML."""
    options = read_options(options_of(config_file), places_of(config_file))
    return [*options.problems, *missing_pages(config_file, docs_dir, site_dir)]


def read_options(raw: Mapping[str, Any], places: Places, environment: Mapping[str, Value] | None = None) -> Options:
    """The options of the plugin; the `environment` overrules them."""
    values: dict[str, Value] = {}
    problems = []
    for name, value in raw.items():
        if name == "contact_email" and isinstance(value, str):  # judged below, as the other ways to a person are
            values[name] = value
            continue
        try:
            values |= check_options({name: value}, _WHERE)
        except ConfigError as error:
            what = f"{error.what.removeprefix(f'{_WHERE}: ')} {error.mend}"
            problems.append(Problem(places.file.name, places.line((str(name),)), "error", what, "settings"))
    values |= environment or {}
    contact, found = read_contact(
        raw.get("contact"),
        places=places,
        email=str(values.get("contact_email", "")),
        phone=str(values.get("contact_phone", "")),
    )
    allow, misfits = read_allow(raw.get(CSP_ALLOW), places)
    found = (*found, *read_matters(raw.get(GROUP), places)[1], *misfits)
    coded = (replace(one, code="settings" if one.severity == "error" else "settings-hint") for one in found)
    return Options(values, contact, allow, (*problems, *coded))


def missing_pages(config_file: Path, docs_dir: Path, site_dir: Path) -> Iterator[Problem]:
    """Entries of `nav` that are no file; what a plugin made stands in the built site."""
    file, entries = nav_of(config_file)
    there: list[str] | None = None
    for path, line in entries:
        target = posixpath.normpath(path)
        if not target.endswith(".md") or ":" in target or is_there(docs_dir / target):
            continue
        built = target.removesuffix(".md").removesuffix("index")
        if target.startswith("..") or not is_there(site_dir / built / "index.html"):
            there = there or [known.relative_to(docs_dir).as_posix() for known in docs_dir.rglob("*.md")]
            close = difflib.get_close_matches(target, there, n=1, cutoff=0.6)
            near = f" Did you mean '{close[0]}'?" if close else ""
            what = f"nav names '{path}', which is not in {shown_folder(docs_dir)}.{near}"
            yield Problem(file.name, line, "error", what, "nav")
