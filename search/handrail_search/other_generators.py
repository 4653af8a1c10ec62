"""What a site needs of Handrail that another generator than MkDocs built: its policy, its path, advice that fits it."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from urllib.parse import urlsplit

from handrail_kb import policy_report
from handrail_kb.addresses import file_of
from handrail_kb.passages import MANIFEST
from handrail_kb.places import places_of
from handrail_kb.policy_allow import GROUP, read_allow
from handrail_kb.policy_build import write_csp
from handrail_kb.settings import Settings

log = logging.getLogger(__name__)

_HEAD_CHARS = 100_000
_TAG = re.compile(r"<(?:link|meta)\b[^<>]{0,2000}>", re.I)
_VALUE = re.compile(r"""\b(rel|name|href|content)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.I)
_NAMES = ("MkDocs", "Sphinx", "Docutils", "Zensical", "Hugo", "Docusaurus", "Jekyll", "mdBook", "Antora", "Astro")


def fit_policy(settings: Settings, site_dir: Path) -> None:
    """Have each page get the policy that fits it, as the plugin does, and say what that keeps out.

    A site that the plugin built has it already. One that cannot be written to gets the strict policy, which is said.
    """
    if (site_dir / MANIFEST).is_file():
        return
    allow, _ = read_allow(settings.groups.get(GROUP), places_of(settings.config_file or settings.root / "mkdocs.yml"))
    try:
        found = write_csp(site_dir, allow=allow, mode=settings.text("csp"), site_url=settings.site_url)
    except OSError as error:
        log.warning("%s cannot be written to (%s): its inline scripts and styles will be blocked. "
                    "Make it writable, then run this again.", site_dir, error.strerror)  # fmt: skip
        return
    for told in (*policy_report.faults(found), policy_report.advice(found)):
        if told:
            log.warning("%s", told)


def base_path_of(settings: Settings, site_dir: Path) -> str:
    """The path of a site's address: of `site_url`, else what its first page says is its own address; `/` else."""
    path = urlsplit(settings.site_url).path or _said_by_first_page(site_dir)
    return path if path.endswith("/") else path.rpartition("/")[0] + "/"


def generator_of(site_dir: Path) -> str:
    """The name of what built a site, where its first page says it; empty else."""
    for values in _head(site_dir):
        if values.get("name", "").lower() == "generator":
            said = values.get("content", "")
            name = next((name for name in _NAMES if name.lower() in said.lower()), "")
            return "Sphinx" if name == "Docutils" else name
    return "Sphinx" if (site_dir / "objects.inv").is_file() else ""


def advice(settings: Settings, site_dir: Path) -> str:
    """What to do about a site that was built without the plugin; empty where it is as well as it can be."""
    generator = generator_of(site_dir)
    uses_mkdocs = settings.config_file is not None and settings.config_file.is_file()
    if generator == "MkDocs" or (uses_mkdocs and not generator):
        return "Add it to mkdocs.yml: plugins: [search, handrail]"
    if not (site_dir / "handrail" / "csp.json").is_file():
        return f"Its inline scripts are blocked until it is indexed: handrail index {site_dir}"
    return ""


def _said_by_first_page(site_dir: Path) -> str:
    for values in _head(site_dir):
        if "canonical" in values.get("rel", "").lower().split():
            try:
                return urlsplit(values.get("href", "")).path or "/"
            except ValueError:
                return "/"
    return "/"


def _head(site_dir: Path) -> list[dict[str, str]]:
    """The attributes of what the head of a site's first page links and says."""
    file = file_of(site_dir, "")
    if file is None:
        return []
    with file.open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(_HEAD_CHARS)
    return [
        {match[1].lower(): match[2] or match[3] or match[4] or "" for match in _VALUE.finditer(tag[0])}
        for tag in _TAG.finditer(head)
    ]
