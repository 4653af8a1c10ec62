"""What would be left after a power cut: which files were on the disk when they got their name."""

from __future__ import annotations

import os
from pathlib import Path


class DiskOrder:
    """Watches what this process writes down and names. `lost` is what had a name before it was on the disk."""

    def __init__(self, monkeypatch) -> None:
        self.written: dict[int, tuple[int, int]] = {}
        self.lost: list[str] = []
        self.named: list[Path] = []
        self._unsettled: set[Path] = set()
        fsync, rename, replace, link = os.fsync, os.rename, os.replace, os.link

        def seen_fsync(opened):
            fsync(opened)
            found = os.fstat(opened)
            self.written[found.st_ino] = (found.st_size, found.st_mtime_ns)
            self._unsettled.discard(Path(f"/proc/self/fd/{opened}").readlink())

        def seen(real):
            def name(source, target, **more):
                self._look(Path(source), Path(target))
                real(source, target, **more)
                self.named.append(Path(target))
                self._unsettled.add(Path(target).resolve().parent)

            return name

        monkeypatch.setattr(os, "fsync", seen_fsync)
        monkeypatch.setattr(os, "rename", seen(rename))
        monkeypatch.setattr(os, "replace", seen(replace))
        monkeypatch.setattr(os, "link", link)

    def _look(self, source: Path, target: Path) -> None:
        if "__pycache__" in target.parts:  # pytest keeps what it compiles of libraries
            return
        files = [source] if source.is_file() else [file for file in source.rglob("*") if not file.is_symlink()]
        for file in (source, *files):
            if file.is_symlink():
                continue
            found = file.stat()
            if self.written.get(found.st_ino) != (found.st_size, found.st_mtime_ns):
                self.lost.append(f"{file} had the name {target} before it was on the disk")

    def lost_names(self, *folders: Path) -> list[str]:
        """Names that were given in these folders and might be gone."""
        return [str(folder) for folder in folders if folder.resolve() in self._unsettled]
