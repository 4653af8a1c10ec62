"""Checks that every built page links to a person, and that help comes in the same order on all pages.

The order is criterion 3.2.6 of WCAG 2.2 (Consistent Help): help mechanisms that are repeated on pages come in the same
relative order on each of them. Checks the built HTML of any generator, and so finds what another plugin or a page of
raw HTML left out. Links in the text of articles do not count.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from html import unescape
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from handrail_kb.addresses import address_of, html_files, location_of
from handrail_kb.config.plain_files import plain_text
from handrail_kb.language.html_files import html_of
from handrail_kb.site.patch import is_page
from handrail_kb.texts import LANGUAGES

# Handrail's own link below an article is a paragraph with its own class; other paragraphs are skipped.
_TAG = re.compile(r"<(/?)(a|form|article|main|textarea)\b([^>]*)>|<(p)\s([^>]*\bhandrail-stuck\b[^>]*)>", re.I)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I)
_IS_SEARCH = re.compile(r"""\b(?:name|role)\s*=\s*["']?search\b""", re.I)
_IS_VOTE = re.compile(r"""\bname\s*=\s*["']?feedback\b""", re.I)
_REDIRECT = re.compile(r"""<meta\b[^>]*http-equiv\s*=\s*["']?refresh""", re.I)
_HEAD = 4000  # characters in which a redirect is looked for
_NAMED = 3
_BLOCK_END = "</li>"
# A path down from some folder, without escapes.
_PLAIN_PATH = re.compile(r"(?:\.\./)*+\w[\w-]*+(?:[/.][\w-]++)*+/?(?:#[\w-]*+)?", re.ASCII)

_Tag = tuple[str, str, str, str]  # '/' for an end tag, name, attributes, attributes of Handrail's paragraph

Help = str  # a help mechanism, as a warning names it
_PERSON = "the link to a person"
_VOTE = "the question whether the page helped"


@dataclass(frozen=True)
class _PageOfSite:
    """The help mechanisms of one page, in order, and whether people can write a message on it."""

    helps: tuple[Help, ...]
    has_form: bool


def faults(
    site_dir: Path,
    contact: Collection[str],
    *,
    base_path: str = "/",
    leave_out: Iterable[str] = (),
    made: Collection[str] | None = None,
) -> Iterator[str]:
    """One sentence for each fault. `contact` holds the contact pages' addresses relative to the site.

    `leave_out` holds patterns such as `reports/*` for pages that are not part of the help site. If `made`, the files
    that the generator made, is given, other files need no link; `copied_pages` names those.
    """
    targets = {_plain(base_path + address) for address in contact}
    pages = {
        file.relative_to(site_dir).as_posix(): page
        for file in sorted(html_files(site_dir))
        if not any(fnmatch(file.relative_to(site_dir).as_posix(), pattern) for pattern in leave_out)
        and (page := _read(file, site_dir, base_path, targets))
    }
    ours = {name for name in pages if _plain(base_path + name) in targets}
    if wrong := [name for name in ours if not pages[name].has_form]:
        yield f"{_names(wrong)}: no message can be written there, so that a person is more than one click away."
    lost = [name for name, page in pages.items() if name not in ours and not any(map(_is_person, page.helps))]
    lost = [name for name in lost if made is None or name in made]
    if lost:
        yield (
            f"{_names(lost)}: no link to a person. If the site's template makes these pages, see why its header "
            "is missing; if they are no part of the help site, name them in contact: pages_without_link."
        )
    yield from _disorder({name: page.helps for name, page in pages.items()})


def copied_pages(
    site_dir: Path,
    contact: Collection[str],
    made: Collection[str],
    *,
    base_path: str = "/",
    leave_out: Iterable[str] = (),
) -> Iterator[str]:
    """A sentence about pages of raw HTML without a link to a person, if there are any."""
    targets = {_plain(base_path + address) for address in contact}
    others = [
        name
        for file in sorted(html_files(site_dir))
        if (name := file.relative_to(site_dir).as_posix()) not in made
        and not any(fnmatch(name, pattern) for pattern in leave_out)
        and (page := _read(file, site_dir, base_path, targets))
        and not any(map(_is_person, page.helps))
    ]
    if others:
        yield (
            f"{_names(others)}: HTML that the build copied as it is, without a link to a person. Put one into it, "
            "or name it in contact: pages_without_link."
        )


def one_click(site_dir: Path) -> tuple[int, int] | None:
    """The number of pages of a built site that link to a person, and the number of all pages; None without a site.

    The contact page of each language counts as linking to a person.
    """
    pages = one_click_pages(site_dir)
    return None if pages is None else (sum(pages.values()), len(pages))


def one_click_pages(site_dir: Path) -> Mapping[str, bool] | None:
    """The pages that `one_click` counts, by location, and whether each links to a person; None without a site."""
    manifest = site_dir / "handrail" / "site.json"
    try:
        stamped = manifest.stat().st_mtime_ns
    except OSError:
        return None
    return _one_click(site_dir, stamped)


@lru_cache(maxsize=4)
def _one_click(site_dir: Path, _stamp: int) -> Mapping[str, bool] | None:
    try:
        facts = json.loads(plain_text(site_dir / "handrail" / "site.json"))
        base, contact = str(facts.get("base_path", "/")), str(facts["contact"]["url"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    targets = {_plain(base + prefix + contact) for prefix in ("", *(f"{lang}/" for lang in LANGUAGES))}
    found = {}
    for file in sorted(html_files(site_dir)):
        if page := _read(file, site_dir, base, targets):
            location = location_of(file, site_dir)
            is_contact = _plain(base + address_of(location)) in targets
            found[location] = is_contact or any(map(_is_person, page.helps))
    return found


def _disorder(pages: Mapping[str, tuple[Help, ...]]) -> Iterator[str]:
    """Warnings about pairs of help mechanisms whose order differs, naming the pages with the rarer order."""
    orders: dict[tuple[Help, Help], list[str]] = defaultdict(list)
    for name, helps in pages.items():
        for first, second in combinations(helps, 2):
            orders[first, second].append(name)
    for (first, second), names in sorted(orders.items()):
        others = orders.get((second, first), [])
        if others and (len(names), first) < (len(others), second):
            yield (
                f"{_names(names)}: {first} comes before {second}, elsewhere after it. People who need help look for "
                "it in the same place (WCAG 3.2.6): use one order in all templates."
            )


def _read(file: Path, site_dir: Path, base_path: str, targets: Collection[str]) -> _PageOfSite | None:
    """The page, or None for a fragment of HTML, a redirect, or a file that cannot be decoded."""
    try:
        html = html_of(file)
    except UnicodeDecodeError:  # search reports it and leaves it out
        return None
    if not is_page(html) or _REDIRECT.search(html, 0, _HEAD):
        return None
    address = base_path + address_of(location_of(file, site_dir))
    helps: dict[Help, None] = {}  # in order, each once
    in_text = has_form = in_ours = False
    for closing, tag, attributes, paragraph in _tags(html, frozenset(map(_last_name, targets))):
        if paragraph:
            helps.setdefault(f"{_PERSON} at the end")
            in_ours = True
        elif tag == "a" and in_ours:  # the link in the paragraph is already counted
            in_ours = not closing
        elif tag in ("article", "main"):
            in_text = not closing
        elif tag == "textarea":
            has_form = True
        elif not closing and (not in_text or tag == "form"):
            found = _help(tag, attributes, address, targets)
            if found and (not in_text or found == _VOTE):
                helps.setdefault(found)
    return _PageOfSite(tuple(helps), has_form)


def _tags(html: str, names: frozenset[str]) -> Iterator[_Tag]:
    """The tags in order, without links that certainly do not lead to a target.

    Reads by blocks, since menus are the same on most pages. No tag crosses the end of a block: each tag ends at the
    first `>`, and a block ends with one.
    """
    *blocks, last = html.split(_BLOCK_END)
    for block in blocks:
        yield from _tags_of_block(f"{block}{_BLOCK_END}", names)
    yield from _tags_of_block(last, names)


@lru_cache(maxsize=20_000)
def _tags_of_block(block: str, names: frozenset[str]) -> tuple[_Tag, ...]:
    tags = ((closing, name.lower(), inside, mark) for closing, name, inside, mark, _ in _TAG.findall(block))
    if "handrail-stuck" in block.lower():  # here the ends of links count, too
        return tuple(tags)
    return tuple(tag for tag in tags if tag[1] != "a" or not (tag[0] or _leads_elsewhere(tag[2], names)))


def _leads_elsewhere(attributes: str, names: frozenset[str]) -> bool:
    """Whether a link, on whatever page, leads into the site but to no page whose path ends with one of these names."""
    found = _HREF.search(attributes)
    href = (found[1] or found[2] or found[3] or "") if found else ""
    plain = _PLAIN_PATH.fullmatch(href) and "index.html" not in href
    return bool(plain) and "" not in names and not any(name in href for name in names)


def _last_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _help(tag: str, attributes: str, address: str, targets: Collection[str]) -> Help:
    """The help mechanism that a link or a form is; empty if it is none."""
    if tag == "form":
        return "the search" if _IS_SEARCH.search(attributes) else _VOTE if _IS_VOTE.search(attributes) else ""
    found = _HREF.search(attributes)
    href = unescape(found[1] or found[2] or found[3] or "") if found else ""
    if href.startswith("mailto:"):
        return "an e-mail address"
    if href.startswith("tel:"):
        return "a phone number"
    try:
        return _PERSON if _plain(urljoin(address, href)) in targets else ""
    except ValueError:
        return ""


def _is_person(found: Help) -> bool:
    return found.startswith(_PERSON)


def _plain(address: str) -> str:
    """The path of an address, the same for `contact/` and `contact/index.html`."""
    return unquote(urlsplit(address).path).removesuffix("index.html")


def _names(names: Iterable[str]) -> str:
    known = sorted(names)
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(known[:_NAMED]) + more
