"""The setting `stay_with_people`: which sensitive topics a site has switched on, with sentences of its own.

Reads and checks `stay_with_people:` in mkdocs.yml. The sentences by which a topic is recognised are in
`handrail_search/index/sensitive_topics.yml`; a site may add sentences of its own customers, and its own topics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handrail_kb.config.yaml_lines import YamlLines
from handrail_kb.problems import Problem, nearest

# A site's own sentences by the topic's name; with an empty tuple, only those that come with Handrail count.
SensitiveTopics = Mapping[str, tuple[str, ...]]

BUILT_IN = ("grief", "fraud", "safety", "anger")
GROUP = "stay_with_people"
LEAST_SENTENCES = 8
_MOST, _LONGEST = 500, 300
_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")


def read_sensitive(raw: Any, places: YamlLines) -> tuple[SensitiveTopics, Sequence[Problem]]:
    """The topics that a site has switched on, with its own sentences, and the problems of the setting."""
    problems: list[Problem] = []

    def wrong(what: str, *keys: str) -> None:
        problems.append(Problem(places.file.name, places.line((GROUP, *keys)), "error", what))

    topics: dict[str, tuple[str, ...]] = dict.fromkeys(BUILT_IN, ())
    if raw is not None and not isinstance(raw, dict):
        wrong(f"'{GROUP}' should be names with 'no' or sentences, but is '{raw}'. Write '{GROUP}: {{anger: no}}'.")
        return topics, problems
    for name, value in (raw or {}).items():
        name = str(name)
        if value is False and name in BUILT_IN:
            topics.pop(name, None)
        elif value is True and name in BUILT_IN:
            continue
        elif isinstance(value, bool) or value is None:
            known = f"Known are {', '.join(BUILT_IN)}; another one needs sentences."
            wrong(f"'{name}' is no topic that comes with Handrail.{nearest(name, BUILT_IN)} {known}", name)
        elif not _NAME.fullmatch(name):
            wrong(f"'{name}' should be 2 to 40 small letters, digits, '-' or '_', such as 'lost-key'.", name)
        elif fault := _fault(name, value):
            wrong(fault, name)
        else:
            topics[name] = tuple(dict.fromkeys(" ".join(sentence.split()) for sentence in value))
    return topics, problems


def _fault(name: str, value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(sentence, str) and sentence.strip() for sentence in value):
        return f"'{name}' should be a list of sentences as customers write them, each beginning with '- '."
    if name not in BUILT_IN and len(value) < LEAST_SENTENCES:
        return (
            f"'{name}' has {len(value)} sentences; {LEAST_SENTENCES} are needed to know what is meant, 20 are better."
        )
    if len(value) > _MOST or any(len(sentence) > _LONGEST for sentence in value):
        return f"'{name}' may have {_MOST} sentences of {_LONGEST} characters."
    return ""
