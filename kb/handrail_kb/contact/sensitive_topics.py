"""The setting `stay_with_people`: which sensitive topics a site has switched on, with sentences of its own.

Reads and checks `stay_with_people:` in mkdocs.yml. The sentences by which a topic is recognised are in
`handrail_search/index/sensitive_topics.yml`; a site may add sentences of its own customers, and its own topics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handrail_kb.config.yaml_lines import YamlLines
from handrail_kb.contact.channels import Contact
from handrail_kb.problems import Problem, nearest

# For each topic, the places in `Contact.channels` of those that a site names for it.
TopicChannels = Mapping[str, tuple[int, ...]]
# A site's own sentences by the topic's name; with an empty tuple, only those that come with Handrail count.
SensitiveTopics = Mapping[str, tuple[str, ...]]

BUILT_IN = ("grief", "fraud", "safety", "anger")
# A search that is about a sensitive topic, where two are about equally likely. No topic may have this name.
UNSURE = "unsure"
# What a search is about that asks for a person and names no other topic.
PERSON = "person"
GROUP = "stay_with_people"
LEAST_SENTENCES = 8
_MOST, _LONGEST = 500, 300
# Of all topics together: each is compared with all others when the index is made.
_MOST_IN_ALL = 2000
_KEYS = ("sentences", "channels")
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
        elif name == UNSURE:
            wrong(f"'{name}' is what a search is called that fits two topics. Choose another name.", name)
        elif fault := _fault(name, value):
            wrong(fault, name)
        else:
            topics[name] = tuple(dict.fromkeys(" ".join(sentence.split()) for sentence in _sentences(value)))
    given = sum(map(len, topics.values()))
    if given > _MOST_IN_ALL:
        wrong(f"there are {given} sentences; all topics together may have {_MOST_IN_ALL}. Keep those least alike.")
    return topics, problems


def read_topic_channels(raw: Any, contact: Contact, places: YamlLines) -> tuple[TopicChannels, Sequence[Problem]]:
    """The channels that a site names for a topic, and the names that fit none of its channels.

    Only values that `read_sensitive` finds usable are read; that one reports the others.
    """
    named: dict[str, tuple[int, ...]] = {}
    problems: list[Problem] = []
    for topic, value in raw.items() if isinstance(raw, dict) else ():
        names = value.get("channels") if isinstance(value, dict) else None
        found = []
        for name in names if isinstance(names, list) else ():
            fitting = _channels_named(str(name), contact)
            found += fitting[:1]
            if len(fitting) != 1:
                line = places.line((GROUP, str(topic), "channels"))
                problems.append(Problem(places.file.name, line, "error", _no_channel(str(name), fitting, contact)))
        named[str(topic)] = tuple(dict.fromkeys(found))
    return {topic: channels for topic, channels in named.items() if channels}, problems


def _channels_named(name: str, contact: Contact) -> list[int]:
    """The channels with this name; where there is none, those of this kind that have no name, or else any of it."""
    wanted = name.strip().casefold()
    channels = list(enumerate(contact.channels))
    called = [number for number, one in channels if one.name.casefold() == wanted]
    kind = [(number, one) for number, one in channels if one.kind == wanted]
    return called or [number for number, one in kind if not one.name] or [number for number, _ in kind]


def _no_channel(name: str, fitting: Sequence[int], contact: Contact) -> str:
    if fitting:
        return f"there are {len(fitting)} channels '{name}'. Give each a 'name:' under 'contact:', and write that."
    known = [one.name or one.kind for one in contact.channels]
    return f"'{name}' is none of the channels under 'contact:'.{nearest(name, known)} There are: {', '.join(known)}."


def _sentences(value: Any) -> Any:
    return (value.get("sentences") or []) if isinstance(value, dict) else value


def _fault(name: str, value: Any) -> str:
    if isinstance(value, dict):
        strange = next((str(key) for key in value if key not in _KEYS), "")
        if strange:
            return f"'{strange}' is not known here.{nearest(strange, _KEYS)} There are: {', '.join(_KEYS)}."
        channels = value.get("channels", [])
        if not isinstance(channels, list) or not all(isinstance(one, str) and one.strip() for one in channels):
            return f"'{name}: channels' should be a list of names or kinds of channels, such as [form, Estates]."
        value = _sentences(value)
    if not isinstance(value, list) or not all(isinstance(sentence, str) and sentence.strip() for sentence in value):
        return f"'{name}' should be a list of sentences as customers write them, each beginning with '- '."
    if name not in BUILT_IN and len(value) < LEAST_SENTENCES:
        return (
            f"'{name}' has {len(value)} sentences; {LEAST_SENTENCES} are needed to know what is meant, 20 are better."
        )
    if len(value) > _MOST or any(len(sentence) > _LONGEST for sentence in value):
        return f"'{name}' may have {_MOST} sentences of {_LONGEST} characters."
    return ""
