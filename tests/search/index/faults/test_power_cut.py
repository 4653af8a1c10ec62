"""A power cut at any moment leaves the site, the index and the encoder that there were, or the new ones, whole."""

from __future__ import annotations

import shutil

import pytest

from handrail_kb.config.settings import load_settings
from handrail_search.embedding import export
from handrail_search.embedding.encoder import ENCODER_FILES
from handrail_search.index.generation import current_generation
from handrail_search.index.site_build import build_site_and_index

from .disk_order import DiskOrder


@pytest.fixture
def help_site(tmp_path):
    root = tmp_path / "help"
    (root / "docs" / "more").mkdir(parents=True)
    (root / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins: [search, handrail]\ntheme: {name: material, font: false}\n"
    )
    for name in ("index", "more/crabs", "more/clams"):
        (root / "docs" / f"{name}.md").write_text(
            f"# Feed the {name}\n\nIt eats clams, and in spring it eats {name}.\n"
        )
    return root


@pytest.fixture
def exports(exported, monkeypatch):
    """An encoder is 'exported' in no time: its files are copied."""

    def export_it(model, source, digest, folder):
        for name in ENCODER_FILES:
            shutil.copyfile(exported / name, folder / name)

    monkeypatch.setattr(export, "_export", export_it)
    monkeypatch.setattr(export, "_centre", lambda folder: None)


def build(root, **more):
    return build_site_and_index(load_settings(root / "mkdocs.yml", environ={}), **more)


@pytest.mark.long
def test_every_file_of_site_index_and_encoder_is_on_the_disk_before_it_has_its_name(help_site, exports, monkeypatch):
    order = DiskOrder(monkeypatch)
    for round_ in range(2):
        built = build(help_site)
        index, encoders = built.index.folder.parent, help_site / ".handrail" / "encoder"
        assert index / "CURRENT" in order.named, "the recorder sees what is named"
        assert order.lost == []
        assert order.lost_names(index, encoders, help_site, help_site / "site") == []
        generation = current_generation(index)
        unseen = [
            file
            for file in generation.rglob("*")
            if file.is_file()
            and order.written.get(file.stat().st_ino) != (file.stat().st_size, file.stat().st_mtime_ns)
        ]
        assert unseen == [], "a generation has its name while it is made: CURRENT names it last"
        (help_site / "docs" / "index.md").write_text(f"# Feed the walrus {round_}\n\nIt eats clams.\n")
    assert any(path.name == "site" for path in order.named)
    assert any(path.parent == encoders for path in order.named)


@pytest.mark.long
def test_a_site_whose_folder_is_held_is_on_the_disk_before_its_pages_are_exchanged(help_site, exports, monkeypatch):
    import errno
    from pathlib import Path

    build(help_site)
    rename, site = Path.rename, help_site / "site"

    def held(self, target):
        if site in (self, Path(target)):
            raise OSError(errno.EBUSY, "held")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", held)
    order = DiskOrder(monkeypatch)
    (help_site / "docs" / "index.md").write_text("# Feed the seal\n\nIt eats crabs.\n")
    build(help_site)
    moved_in = [path for path in order.named if path.parent == site]
    assert moved_in
    assert [line for line in order.lost if str(site / ".handrail-old") not in line] == []
