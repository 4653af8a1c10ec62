"""Whether this node is being stopped: said by the process that was told, known to all that answer."""

from __future__ import annotations

import mmap


class Stopping:
    """One byte that processes share. Make it before they fork."""

    def __init__(self) -> None:
        """Nobody has said it yet."""
        self._shared = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """From now on this node is being stopped."""
        self._shared[0] = 1

    def __bool__(self) -> bool:
        return bool(self._shared[0])
