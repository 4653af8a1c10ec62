"""Sites of a few pages, built for real."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

MATERIAL = {"name": "material", "font": False}


@dataclass
class Built:
    """A built site and what was said while it was built."""

    dir: Path
    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)

    def page(self, path: str) -> str:
        return (self.dir / path).read_text(encoding="utf-8")


@pytest.fixture
def build(tmp_path, caplog):
    """Builds a site: `build({"index.md": "# Hi"}, theme=…, handrail={…}, plugins=[…])`."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build as mkdocs_build
    from mkdocs.config import load_config

    def run(articles=None, *, theme=None, handrail=None, plugins=None, folder="project", **settings):
        root = tmp_path / folder
        for path, words in {"index.md": "# Home\n\nHello.\n", **(articles or {})}.items():
            (root / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
            file = root / "docs" / path
            file.write_bytes(words) if isinstance(words, bytes) else file.write_text(words, encoding="utf-8")
        document = {
            "site_name": "Help",
            "site_url": "https://example.org/help/",
            "theme": theme or MATERIAL,
            "plugins": plugins
            if isinstance(plugins, dict)
            else [*(["search"] if plugins is None else plugins), {"handrail": handrail or {}}],
            **settings,
        }
        (root / "mkdocs.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="mkdocs"):
            mkdocs_build(load_config(str(root / "mkdocs.yml")))
        ours = [record for record in caplog.records if "handrail" in record.name]
        return Built(
            root / "site",
            [record.getMessage().removeprefix("handrail: ") for record in ours if record.levelno >= logging.WARNING],
            [record.getMessage().removeprefix("handrail: ") for record in ours if record.levelno == logging.INFO],
        )

    return run
