"""The language of an article by its file name: `prices.de.md`, or `de/prices.md` beside folders of other languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

# The two-letter codes of ISO 639-1.
_WRITTEN = (
    "aaabaeafakamanarasavayazbabebgbhbibmbnbobrbscacechcocrcscucvcydadedvdzeeeleneoeseteufafffifjfofrfyga"
    "gdglgngugvhahehihohrhthuhyhziaidieigiiikioisitiujajvkakgkikjkkklkmknkokrkskukvkwkylalblglilnloltlulv"
    "mgmhmimkmlmnmrmsmtmynanbndnengnlnnnonrnvnyocojomorospapiplpsptqurmrnrorurwsascsdsesgsiskslsmsnsosqsr"
    "ssstsusvswtatetgthtitktltntotrtstttwtyugukuruzvevivowawoxhyiyozazhzu"
)
_LANGUAGES = frozenset(_WRITTEN[at : at + 2] for at in range(0, len(_WRITTEN), 2))
_LANGUAGE = r"([a-z]{2})(?:[-_][A-Za-z]{2,4})?"
_SUFFIX = re.compile(rf"(?P<stem>.+)\.(?P<name>{_LANGUAGE})\.md")
_FOLDER = re.compile(_LANGUAGE)


def languages(paths: Collection[str]) -> Mapping[str, str]:
    """The language, such as 'de' or 'pt-BR', of each path that shows it; other paths are missing.

    A folder `it/` may hold Italian or the articles of a department. It is a language if at least half of its files, or
    of those they are compared with, have namesakes in another such folder or outside of all these folders.
    """
    known = {path: found["name"] for path in paths if (found := _SUFFIX.fullmatch(path)) and found[3] in _LANGUAGES}
    folders: dict[str, set[str]] = {}
    for path in paths:
        folder, _, rest = path.partition("/")
        if rest and (found := _FOLDER.fullmatch(folder)) and found[1] in _LANGUAGES:
            folders.setdefault(folder, set()).add(rest)
    for folder, names in folders.items():
        others = [other for name, other in folders.items() if name != folder]
        others.append({path for path in paths if path.partition("/")[0] not in folders})
        if any(2 * len(names & other) >= min(len(names), len(other) or 1) and names & other for other in others):
            known |= {f"{folder}/{name}": folder for name in names}
    return known
