"""Articles of other folders that `nav` includes with `!include a/mkdocs.yml`, as mkdocs-monorepo-plugin reads them.

Each such mkdocs.yml has its own docs folder, which the site shows under its `site_name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from markdown.extensions.toc import slugify
from mkdocs.exceptions import MkDocsException
from mkdocs.utils.yaml import yaml_load

from handrail_kb.articles.article import Article, ReadArticles, read_articles
from handrail_kb.config.settings import folder_of
from handrail_kb.config.shown import shown_folder
from handrail_kb.config.yaml_lines import nav_of
from handrail_kb.problems import Problem

_ONE, _MANY = "!include ", "*include "
_NAME = re.compile(r"[\w/-]+", re.ASCII)


@dataclass(frozen=True)
class Folder:
    """A folder of included articles. Their paths in the site begin with `alias`; `shown` is the folder's real name."""

    alias: str
    docs_dir: Path
    shown: str


def included_folders(config_file: Path) -> tuple[Folder, ...]:
    """The folders that the nav of a mkdocs.yml includes, without those that cannot be read: a build stops at them."""
    root = folder_of(config_file)
    found: dict[str, Folder] = {}
    for file in _included_files(config_file, root):
        try:
            with file.open("rb") as stream:
                document = yaml_load(stream)
        except (MkDocsException, OSError, ValueError):
            continue
        name = str(document.get("site_name") or "")
        docs_dir = (file.parent / str(document.get("docs_dir") or "docs")).resolve()
        alias = name.strip("/") if _NAME.fullmatch(name) else slugify(name, "-")
        if alias and docs_dir.is_dir():
            found.setdefault(alias, Folder(alias, docs_dir, shown_folder(docs_dir, root)))
    return tuple(found.values())


def read_included(folder: Folder, kept: ReadArticles) -> tuple[list[Article], list[Problem]]:
    """The articles of a folder, with their paths in the site, and their problems, with the real file names."""
    articles, problems = read_articles(folder.docs_dir)
    renamed = []
    for article in articles:
        own = replace(article, path=f"{folder.alias}/{article.path}")
        if own.path not in kept or kept[own.path][1] != own:  # an unchanged article stays the same object
            kept[own.path] = ((0, 0), own)
        renamed.append(kept[own.path][1])
    name = shown_folder(folder.docs_dir)
    return renamed, [replace(one, file=f"{folder.shown}/{one.file.removeprefix(f'{name}/')}") for one in problems]


def _included_files(config_file: Path, root: Path) -> Iterator[Path]:
    for entry, _ in nav_of(config_file)[1]:
        if entry.startswith(_ONE):
            yield root / entry.removeprefix(_ONE).strip()
        elif entry.startswith(_MANY):
            try:
                yield from sorted(root.glob(entry.removeprefix(_MANY).strip().removeprefix("./")))
            except (ValueError, NotImplementedError):  # not a pattern, or an absolute one
                continue
