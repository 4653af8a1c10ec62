"""Finds all problems in mkdocs.yml, each with its line: settings, channels, entries of `nav`.

The build stops at settings that it cannot use; `handrail check` reports all problems at once. Does not need MkDocs.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handrail_kb.config.settings import check_options, options_of
from handrail_kb.config.shown import is_there, shown_folder
from handrail_kb.config.table import SettingValue
from handrail_kb.config.yaml_lines import YamlLines, nav_of, yaml_lines
from handrail_kb.contact.channels import Contact, read_contact
from handrail_kb.contact.sensitive_topics import GROUP, TopicChannels, read_sensitive, read_topic_channels
from handrail_kb.errors import ConfigError
from handrail_kb.policy.allow import GROUP as CSP_ALLOW
from handrail_kb.policy.allow import read_allow
from handrail_kb.policy.policy import Sources
from handrail_kb.problems import Problem

_WHERE = "plugins: handrail"


@dataclass(frozen=True)
class Options:
    """The plugin's usable options, the channels to a person, and the problems of both."""

    values: Mapping[str, SettingValue]
    contact: Contact
    topic_channels: TopicChannels
    allow: Sources
    problems: tuple[Problem, ...]

    @property
    def faults(self) -> tuple[Problem, ...]:
        """The problems with which a site cannot be built."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def site_file_problems(config_file: Path, docs_dir: Path, site_dir: Path) -> list[Problem]:
    """All problems in mkdocs.yml and the files it inherits from. Raises ConfigError if it is not YAML."""
    options = read_options(options_of(config_file), yaml_lines(config_file))
    return [*options.problems, *missing_pages(config_file, docs_dir, site_dir)]


def read_options(
    raw: Mapping[str, Any], places: YamlLines, environment: Mapping[str, SettingValue] | None = None
) -> Options:
    """The options of the plugin; values from `environment` take precedence."""
    values: dict[str, SettingValue] = {}
    problems = []
    for name, value in raw.items():
        if name == "contact_email" and isinstance(value, str):  # checked below, with the other channels
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
    topic_channels, nameless = read_topic_channels(raw.get(GROUP), contact, places)
    found = (*found, *read_sensitive(raw.get(GROUP), places)[1], *nameless, *misfits)
    coded = (replace(one, code="settings" if one.severity == "error" else "settings-hint") for one in found)
    return Options(values, contact, topic_channels, allow, (*problems, *coded))


def missing_pages(config_file: Path, docs_dir: Path, site_dir: Path) -> Iterator[Problem]:
    """Entries of `nav` that are not files. Files that a plugin made are looked up in the built site."""
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
