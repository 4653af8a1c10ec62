"""What a site built by another generator than MkDocs needs: its policy, its path, and advice that fits it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from handrail_kb.addresses import file_of
from handrail_kb.config.settings import Settings
from handrail_kb.config.shown import as_typed
from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.policy import report
from handrail_kb.policy.allow import GROUP, read_allow
from handrail_kb.policy.fit import write_csp
from handrail_kb.site.built.site_info import MANIFEST
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


_HEAD_CHARS = 100_000
_TAG = re.compile(r"<(?:link|meta)\b[^<>]{0,2000}>", re.I)
_VALUE = re.compile(r"""\b(rel|name|href|content)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.I)
_NAMES = ("MkDocs", "Sphinx", "Docutils", "Zensical", "Hugo", "Docusaurus", "Jekyll", "mdBook", "Antora", "Astro")


def fit_policy(settings: Settings, site_dir: Path) -> None:
    """Give each page the policy that fits it, as the plugin does, and report what that blocks.

    A site that the plugin built has its policy already. One that cannot be written to gets the strict policy, with a
    warning.
    """
    if (site_dir / MANIFEST).is_file():
        return
    allow, _ = read_allow(settings.groups.get(GROUP), yaml_lines(settings.config_file or settings.root / "mkdocs.yml"))
    try:
        found = write_csp(site_dir, allow=allow, mode=settings.text("csp"), site_url=settings.site_url)
    except OSError as error:
        log("policy.not_written", file=site_dir, reason=error)
        return
    for message in (*report.faults(found), report.advice(found)):
        if message:
            log("build.warning", told=message)


def base_path_of(settings: Settings, site_dir: Path) -> str:
    """The path of a site's address: of `site_url`, or of the address its first page gives itself; else `/`."""
    path = urlsplit(settings.site_url).path or _said_by_first_page(site_dir)
    return path if path.endswith("/") else path.rpartition("/")[0] + "/"


def generator_of(site_dir: Path) -> str:
    """The name of the generator, where the first page states it; else empty."""
    for values in _head(site_dir):
        if values.get("name", "").lower() == "generator":
            said = values.get("content", "")
            name = next((name for name in _NAMES if name.lower() in said.lower()), "")
            return "Sphinx" if name == "Docutils" else name
    return "Sphinx" if (site_dir / "objects.inv").is_file() else ""


def advice(settings: Settings, site_dir: Path) -> str:
    """What to do about a site that was built without the plugin; empty where nothing can be improved."""
    generator = generator_of(site_dir)
    uses_mkdocs = settings.config_file is not None and settings.config_file.is_file()
    if generator == "MkDocs" or (uses_mkdocs and not generator):
        return "Add it to mkdocs.yml: plugins: [search, handrail]"
    if not (site_dir / "handrail" / "csp.json").is_file():
        return f"Its inline scripts are blocked until it is indexed: handrail index {as_typed(settings.site_dir)}"
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
    """The attributes of the links and metadata in the head of a site's first page."""
    file = file_of(site_dir, "")
    if file is None:
        return []
    with file.open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(_HEAD_CHARS)
    return [
        {match[1].lower(): match[2] or match[3] or match[4] or "" for match in _VALUE.finditer(tag[0])}
        for tag in _TAG.finditer(head)
    ]
