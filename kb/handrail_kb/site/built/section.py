"""A section of a built page: its text, what each part of it is on the page, and how much of it is links."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from handrail_kb.site.built.blocks import Block

# The largest share of a section's letters outside links with which it still counts as a list of links.
_BESIDE_LINKS = 0.4
# The share of a block's letters inside links from which it is a link to another place.
_NEARLY_ALL = 0.8


@dataclass
class Section:
    """The content under one heading. `anchor` is empty if no link can lead to it; `level` 0 is before any heading.

    `blocks` are its text in lines, `shown` the same with what each is on the page. `linked` is the number of letters of
    its text that are inside links.
    """

    anchor: str = ""
    heading: str = ""
    path: tuple[str, ...] = ()
    level: int = 0
    blocks: list[str] = field(default_factory=list)
    shown: list[Block] = field(default_factory=list)
    excluded: bool = False
    linked: int = 0
    _linked_before: int = 0

    @property
    def is_links(self) -> bool:
        """Whether it consists of little but links to other places."""
        return bool(self.linked) and self.linked >= (1 - _BESIDE_LINKS) * sum(map(letters, self.blocks))

    def show(self, block: Block) -> None:
        """Add a block, once all its text has been read."""
        linked, self._linked_before = self.linked - self._linked_before, self.linked
        self.shown.append(replace(block, is_link=bool(linked) and linked >= _NEARLY_ALL * letters(block.text)))


def letters(text: str) -> int:
    """The number of characters without spaces and line ends."""
    return len(text) - sum(map(text.count, " \n\t\r"))
