"""Which Markdown files MkDocs does not publish, and how it makes the addresses of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mkdocs.config.base import ValidationError
from mkdocs.config.config_options import PathSpec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.structure.files import File, InclusionLevel, set_exclusions

_KEYS = ("exclude_docs", "draft_docs", "not_in_nav")
_UNPUBLISHED = (InclusionLevel.EXCLUDED, InclusionLevel.DRAFT)


@dataclass(frozen=True)
class Rules:
    """What mkdocs.yml says about addresses and about files: patterns by the names of their settings."""

    patterns: Mapping[str, Any] = field(default_factory=dict)
    directory_urls: bool = True
    absolute: bool = False

    def left_out(self, paths: Iterable[str], docs_dir: Path) -> frozenset[str]:
        """The files that are not built into pages: excluded ones, drafts, and a README beside an index."""
        files = [File(path, str(docs_dir), "site", self.directory_urls) for path in paths]
        config = MkDocsConfig()
        config.load_dict(dict(self.patterns))
        set_exclusions(files, config)
        unpublished = {file.src_uri for file in files if file.inclusion in _UNPUBLISHED}
        published = [file for file in files if file.src_uri not in unpublished]
        # If two files have the same address, MkDocs builds the index.
        indexes = {file.dest_uri for file in published if file.name == "index" and "README" not in file.src_uri}
        twins = {file.src_uri for file in published if "README" in file.src_uri and file.dest_uri in indexes}
        return frozenset(unpublished | twins)


def rules_of(config_file: Path) -> Rules:
    """The rules of a mkdocs.yml and the files it inherits from; MkDocs' defaults in place of unusable values."""
    config = MkDocsConfig(config_file_path=str(config_file))
    try:
        with config_file.open("rb") as stream:
            config.load_file(stream)
    except (MkDocsException, OSError, ValueError):
        return Rules()
    patterns = {}
    for name in _KEYS:
        try:
            patterns[name] = PathSpec().validate(config.get(name) or "")
        except ValidationError:  # the check of the settings reports it with its line
            continue
    validation = config.get("validation")
    links = validation.get("links", validation) if isinstance(validation, Mapping) else None
    absolute = links.get("absolute_links") if isinstance(links, Mapping) else None
    return Rules(patterns, config.get("use_directory_urls") is not False, absolute == "relative_to_docs")
