"""The Content-Security-Policy as a header, and the file in which the build stores it for the service.

The build stores in `handrail/csp.json` what each page needs and what else the site allows; the service reads it and
sends each page its own policy. Knows nothing of HTML, MkDocs or Flask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handrail_kb.config.plain_files import plain_text

FILE = "handrail/csp.json"
FORMAT = 2
HEADER = "Content-Security-Policy"
ENFORCE, REPORT_ONLY, OFF = "enforce", "report-only", "off"
MODES = (ENFORCE, REPORT_ONLY, OFF)
# Characters of the header. nginx keeps all headers of an answer in one memory page of 4,096 bytes, and answers 502 if
# they do not fit; our other headers take about 600.
MOST_CHARACTERS = 3000

# Sources by directive, in the order of the header.
Sources = Mapping[str, tuple[str, ...]]

_STRICT: Sources = MappingProxyType(
    {
        "default-src": ("'self'",),
        "script-src": ("'self'",),
        "style-src": ("'self'",),
        "img-src": ("'self'", "data:"),
        "font-src": ("'self'",),
        "connect-src": ("'self'",),
        "worker-src": ("'self'",),
        "object-src": ("'none'",),
        "form-action": ("'self'",),
        "base-uri": ("'none'",),
        "frame-ancestors": ("'none'",),
    }
)
# Sources of directives that the strict policy does not name, to which what a page needs is added.
_ON_DEMAND: Sources = MappingProxyType(
    {
        "frame-src": ("'self'",),
        "media-src": ("'self'",),
        "manifest-src": ("'self'",),
        "script-src-attr": (),
        "style-src-attr": (),
    }
)
DIRECTIVES = (*_STRICT, *_ON_DEMAND)
# The directives that `default-src` stands for in an allow-list: every kind of file.
FILES = (
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "connect-src",
    "worker-src",
    "frame-src",
    "media-src",
    "manifest-src",
)
# Directives for how a page looks: nothing that runs, or that could send away what somebody types on it.
_LOOKS = ("style-src", "style-src-attr", "img-src", "font-src", "media-src", "default-src")

KEYWORDS = ("self", "unsafe-inline", "unsafe-eval", "unsafe-hashes", "wasm-unsafe-eval", "strict-dynamic")
_DIGEST = re.compile(r"'(?:sha256-[A-Za-z0-9+/]{43}=|sha384-[A-Za-z0-9+/]{64}|sha512-[A-Za-z0-9+/]{86}==)'")
_SCHEME = re.compile(r"(?:https?|wss?|data|blob|mediastream|filesystem):")
_HOST = re.compile(
    r"(?:(?:https?|wss?)://)?(?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,62}\.)*[a-z0-9-]{0,62})(?::(?:\d{1,5}|\*))?"
    r"(?:/[\w.~%!$&()*+=:@/-]{0,200})?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_SOURCE = 300


def is_source(text: str) -> bool:
    """Whether a text is a valid source: `https://cdn.example.com`, `data:`, `'unsafe-inline'`, or a digest."""
    if len(text) > _LONGEST_SOURCE or not text.isascii():
        return False
    if text.startswith("'"):
        return text.strip("'") in KEYWORDS or bool(_DIGEST.fullmatch(text))
    return bool(_SCHEME.fullmatch(text) or _HOST.fullmatch(text))


def is_digest(source: str) -> bool:
    """Whether a source is the checksum of an inline script or style."""
    return source.startswith("'sha")


def merged(*all_sources: Sources) -> Sources:
    """All sources by directive, each once, in the order given."""
    found: dict[str, dict[str, None]] = {}
    for sources in all_sources:
        for directive, values in sources.items():
            found.setdefault(directive, {}).update(dict.fromkeys(values))
    return {directive: tuple(values) for directive, values in found.items()}


def allows(allow: Sources, directive: str, source: str) -> bool:
    """Whether allowed sources cover a source: by its name, its scheme, a wildcard, or `default-src`."""
    listed = (*allow.get(directive, ()), *(allow.get("default-src", ()) if directive in FILES else ()))
    return any(_covers(one, source) for one in listed)


def _covers(allowed: str, source: str) -> bool:
    if allowed == source or (allowed == "*" and not source.startswith("'")):
        return True
    if source.startswith("'"):
        return False
    scheme, slashes, host = source.rpartition("//")
    wanted, has_scheme, rest = allowed.rpartition("//")
    if allowed.endswith(":"):
        return allowed == scheme
    if has_scheme and slashes and wanted != scheme and (wanted, scheme) != ("http:", "https:"):
        return False
    name = rest.partition("/")[0].lower()
    return name == host or (name.startswith("*.") and host.endswith(name[1:]))


def header_of(needs: Sources, allow: Sources | None = None) -> str:
    """The strict policy, extended by what a page needs and what the site allows, of at most MOST_CHARACTERS.

    Leaves out digests that do not fit, the last ones first; `too_many` says how many.
    """
    return _text(_bounded(_opened(needs, allow or {})))


def too_many(needs: Sources, allow: Sources | None = None) -> int:
    """The number of digests of inline scripts and styles for which a page's policy has no room."""
    opened = _opened(needs, allow or {})
    return sum(map(len, opened.values())) - sum(map(len, _bounded(opened).values()))


def _opened(needs: Sources, allow: Sources) -> dict[str, tuple[str, ...]]:
    everywhere = allow.get("default-src", ())
    wider = {**{kind: everywhere for kind in FILES if everywhere}}
    wanted = merged(needs, {name: values for name, values in allow.items() if name != "default-src"}, wider)
    policy = dict(_STRICT)
    for directive, sources in wanted.items():
        start = policy.get(directive, _ON_DEMAND.get(directive))
        if start is None or not sources:
            continue
        policy[directive] = tuple(dict.fromkeys((*(one for one in start if one != "'none'"), *sources)))
    for directive, sources in policy.items():
        if "'unsafe-inline'" in sources:  # which browsers ignore beside a digest
            policy[directive] = tuple(source for source in sources if not is_digest(source))
    return policy


def _text(policy: Sources) -> str:
    return "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in policy.items())


def _bounded(policy: Sources) -> Sources:
    over = len(_text(policy)) - MOST_CHARACTERS
    bounded = dict(policy)
    for directive in ("style-src", "script-src"):
        sources = list(bounded[directive])
        while over > 0 and any(map(is_digest, sources)):
            last = next(place for place in range(len(sources) - 1, -1, -1) if is_digest(sources[place]))
            over -= len(sources.pop(last)) + 1
        bounded[directive] = tuple(sources)
    return bounded


@dataclass(frozen=True)
class Policies:
    """The policies of a built site. `pages` maps files, relative to the site, to indexes in `needs`.

    `ours` are the pages that the service fills and on which customers write.
    `shared` is what every page needs, set only for sites that an older version built: it stored no digests by page.
    """

    mode: str = ENFORCE
    allow: Sources = field(default_factory=dict)
    needs: tuple[Sources, ...] = ()
    pages: Mapping[str, int] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    shared: Sources = field(default_factory=dict)

    def headers(self, file: str) -> Mapping[str, str]:
        """The headers for a file of the site, by the site's settings. One with an empty value must not be sent."""
        if file in self.ours:
            return self.strict(file)
        policy = header_of(self._needs_of(file), self.allow)
        headers = {HEADER: policy if self.mode == ENFORCE else ""}
        if self.mode == REPORT_ONLY:
            headers[f"{HEADER}-Report-Only"] = policy
        if self.mode != ENFORCE or "frame-ancestors 'none'" not in policy:
            headers["X-Frame-Options"] = ""  # older than the policy, and cannot say what it allows
        if any(source.startswith("http") for source in self.allow.get("frame-src", ())):
            # Video players refuse to play unless they know the embedding site; this does not tell them the page.
            headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        return headers

    def strict(self, file: str = "") -> Mapping[str, str]:
        """The header for a page on which customers write: always enforced, whatever the mode.

        Without `file`, it fits whatever the service shows in the look of any such page. Of the sources that the site
        allows, it includes only those for looks: no script of another host runs beside a message.
        """
        files = (file,) if file else sorted(self.ours)
        looks = {name: values for name, values in self.allow.items() if name in _LOOKS and name != "default-src"}
        everywhere = self.allow.get("default-src", ())
        for name in ("style-src", "img-src", "font-src", "media-src"):
            if everywhere:
                looks[name] = (*looks.get(name, ()), *everywhere)
        return {HEADER: header_of(merged(self.shared, *map(self._needs_of, files)), looks)}

    def _needs_of(self, file: str) -> Sources:
        place = self.pages.get(file, -1)
        return merged(self.shared, self.needs[place] if 0 <= place < len(self.needs) else {})


def read_policies(site_dir: Path) -> Policies:
    """The policies that the build stored; the strictest policy if it stored none that can be read."""
    try:
        noted = json.loads(plain_text(site_dir / FILE))
    except (OSError, ValueError, RecursionError):
        return Policies()
    if not isinstance(noted, dict):
        return Policies()
    if noted.get("format") != FORMAT:
        old = {f"{kind}-src": [f"'{one}'" for one in _texts(noted.get(kind))] for kind in ("script", "style")}
        return Policies(shared=_checked({name: list(filter(is_digest, values)) for name, values in old.items()}))
    pages = noted.get("pages")
    needs = noted.get("needs")
    return Policies(
        mode=noted["mode"] if noted.get("mode") in MODES else ENFORCE,
        allow=_checked(noted.get("allow")),
        needs=tuple(map(_checked, needs)) if isinstance(needs, list) else (),
        pages={str(name): place for name, place in pages.items() if isinstance(place, int)}
        if isinstance(pages, dict)
        else {},
        ours=frozenset(_texts(noted.get("ours"))),
    )


def _checked(sources: Any) -> Sources:
    """The known directives, with only those sources that cannot break out of the header."""
    if not isinstance(sources, dict):
        return {}
    known = {name: tuple(filter(is_source, _texts(sources.get(name)))) for name in DIRECTIVES}
    return {name: values for name, values in known.items() if values}


def _texts(values: Any) -> Sequence[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def write_policies(
    site_dir: Path, mode: str, allow: Sources, needs: Iterable[tuple[str, Sources]], ours: Iterable[str]
) -> None:
    """Store what each file needs, and which are `ours`, for `read_policies`. Pages with equal needs share one entry."""
    places: dict[str, int] = {}
    different: list[Sources] = []
    pages: dict[str, int] = {}
    for file, sources in needs:
        key = json.dumps(sources, sort_keys=True)
        if key not in places:
            places[key] = len(different)
            different.append(sources)
        pages[file] = places[key]
    noted = {"format": FORMAT, "mode": mode, "allow": dict(allow), "needs": different, "pages": pages}
    noted["ours"] = sorted(ours)
    target = site_dir / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(noted, separators=(",", ":")), encoding="utf-8")
