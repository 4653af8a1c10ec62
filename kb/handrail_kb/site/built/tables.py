"""Turns tables into sentences: each row gets the headings of its cells, so that it can be read by itself.

`Service: Parcel. Country: Norway. Price: 45 NOK.` Handles cells that span, headings in several rows, and headings in
columns; the caller reads the text of a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from handrail_kb.site.built.blocks import Cell

# As in HTML's own rules for tables.
_MOST_COLUMNS = 1000
# The most cells that the spans of one table may fill, because large numbers in attributes would exhaust the memory.
_MOST_SPANNED = 50_000
# The longest text that is repeated for every row or column that it belongs to.
_REPEATED = 150
_ENDED = (".", "!", "?", ":", ";", ",", "…", "。", "！", "？", "：", "；", "،", "؟", "।")
_ROW_GROUPS = ("thead", "tbody", "tfoot")

# Returns the text that a reader sees of a cell, in one line.
TextOf = Callable[[LexborNode], str]


@dataclass(frozen=True)
class _Cell:
    text: str
    heading: bool
    holds_table: bool = False


@dataclass(frozen=True)
class _Place:
    """A cell in a column of a row; `first` is set in the row where the cell begins."""

    cell: _Cell
    first: bool


_Row = dict[int, _Place]


@dataclass
class _Grid:
    """Rows of places by column; the first `heads` rows contain only headings."""

    rows: list[_Row]
    heads: int


def is_layout(table: LexborNode, left_out: Set[int]) -> bool:
    """Whether a table only arranges its content: it says so, has one column, or contains headings of sections."""
    if (table.attributes.get("role") or "") in ("presentation", "none"):
        return True
    if table.css_first("h1, h2, h3, h4, h5, h6") is not None:
        return True
    return all(len(list(_cells(row, left_out))) <= 1 for group in _groups(table, left_out) for row in group)


@dataclass(frozen=True)
class Line:
    """A line of a table: a row as sentences, with its `cells`; its caption, or a heading or note without cells."""

    text: str
    cells: tuple[Cell, ...] = ()
    is_caption: bool = False


def lines_of(table: LexborNode, text_of: TextOf, left_out: Set[int]) -> list[Line]:
    """The caption, then sentences for each row, in order, without elements whose `mem_id` is in `left_out`."""
    captions = [child for child in table.iter() if child.tag == "caption" and child.mem_id not in left_out]
    caption = text_of(captions[0]) if captions else ""
    grid = _grid(table, text_of, left_out)
    headings = _headings(grid)
    told = [Line(caption, is_caption=True)]
    if grid.heads and not headings:  # too long for headings, so read as text
        told += [Line(_listed(row)) for row in grid.rows[: grid.heads]]
    group = ""
    for row in grid.rows[grid.heads :]:
        own = [place.cell for place in row.values()]
        if own and len(row) > 1 and all(cell is own[0] for cell in own):  # one cell spans all columns
            if own[0].heading and len(own[0].text) <= _REPEATED:
                group = own[0].text
            else:
                told.append(Line(own[0].text))
            continue
        if sentence := _sentence(row, headings):
            told.append(Line(f"{group} – {sentence}" if group else sentence, _cells_of(row, headings, group)))
    if len([line for line in told if line.text]) <= (1 if caption else 0):
        told += [Line(_listed(row)) for row in grid.rows[: grid.heads]]
    return [line for line in told if line.text]


def joined(blocks: Sequence[str]) -> str:
    """Blocks of text from one cell, joined into one line."""
    line = ""
    for block in blocks:
        line = f"{line}{' ' if line.endswith(_ENDED) else ', '}{block}" if line else block
    return line


def label(text: str) -> str:
    """A heading, ready to be put before what it heads."""
    return f"{text} " if text.endswith(_ENDED) else f"{text}: "


def _grid(table: LexborNode, text_of: TextOf, left_out: Set[int]) -> _Grid:
    rows: list[_Row] = []
    heads = 0
    room = _MOST_SPANNED
    for group in _groups(table, left_out):
        begun = len(rows)
        rows += ({} for _ in group)
        for number, row in enumerate(group, start=begun):
            column = 0
            for node in _cells(row, left_out):
                while column in rows[number]:
                    column += 1
                cell = _Cell(text_of(node), node.tag == "th", node.css_first("table") is not None)
                wide = _span(node, "colspan", _MOST_COLUMNS)
                high = _span(node, "rowspan", len(rows) - number) or len(rows) - number
                if wide * high > 1:
                    wide, high = (wide, high) if wide * high <= room else (1, 1)
                    room -= wide * high
                _put(rows, cell, number, column, high=high, wide=wide or 1)
                column += wide or 1
        if group and group[0].parent is not None and group[0].parent.tag == "thead" and heads == begun:
            heads = len(rows)
    return _Grid(rows, heads or _rows_of_headings(rows))


def _put(rows: list[_Row], cell: _Cell, row: int, column: int, *, high: int, wide: int) -> None:
    for below in range(row, row + high):
        for beside in range(column, column + wide):
            rows[below].setdefault(beside, _Place(cell, below == row))


def _rows_of_headings(rows: Sequence[_Row]) -> int:
    """The number of rows at the top that contain only headings."""
    heads = 0
    for row in rows:
        own = [place.cell for place in row.values()]
        if (
            len(own) < 2
            or not all(cell.heading or not cell.text for cell in own)
            or not any(cell.heading for cell in own)
        ):
            break
        if len({id(cell) for cell in own}) == 1 and heads:  # a heading of the rows below it
            break
        heads += 1
    return heads


def _headings(grid: _Grid) -> dict[int, tuple[str, ...]]:
    """The headings of each column, from the top down; an empty mapping if they are too long to go before values."""
    found: dict[int, list[str]] = {}
    for row in grid.rows[: grid.heads]:
        for column, place in row.items():
            parts = found.setdefault(column, [])
            if place.cell.text and place.cell.text not in parts:
                parts.append(place.cell.text)
    if any(len(", ".join(parts)) > _REPEATED for parts in found.values()):
        return {}
    return {column: tuple(parts) for column, parts in found.items()}


def _sentence(row: _Row, headings: dict[int, tuple[str, ...]]) -> str:
    """A row as sentences, one for each value. Headings of the row that have no column heading come first."""
    if not any(place.first for place in row.values()):  # all its cells began in rows above
        return ""
    values = [(names, cell) for names, cell in _under_headings(row, headings) if cell.text]
    lead = []
    while values and values[0][1].heading and not values[0][0]:
        lead.append(values.pop(0)[1].text)
    if not lead and len(values) == 2 and not any(names for names, _ in values) and len(values[0][1].text) <= _REPEATED:
        lead.append(values.pop(0)[1].text)
    named = any(names for names, _ in values)
    told = (
        " ".join(_ended(_named(names, cell)) for names, cell in values)
        if named
        else _ended(joined([cell.text for _, cell in values]) if values else "")
    )
    if not lead or not told:
        return told or _ended(joined(lead))
    return f"{', '.join(lead)} – {told}" if named else f"{label(', '.join(lead))}{told}"


def _cells_of(row: _Row, headings: dict[int, tuple[str, ...]], group: str) -> tuple[Cell, ...]:
    """The cells of a row with their headings; the heading of its group of rows comes first."""
    own = [(", ".join(names), cell.text) for names, cell in _under_headings(row, headings)]
    return tuple([("", group), *own] if group else own)


def _under_headings(row: _Row, headings: dict[int, tuple[str, ...]]) -> list[tuple[list[str], _Cell]]:
    """The cells of a row with the headings of their columns; or, as in `Age | 5 | Town | Bonn`, those before them."""
    values = list(_values(row, headings))
    before = [False, *(cell.heading for _, cell in values)]
    turns = any(cell.heading and place and not before[place] for place, (_, cell) in enumerate(values))
    if not turns or any(names for names, _ in values):
        return values
    found: list[tuple[list[str], _Cell]] = []
    names: list[str] = []
    for place, (_, cell) in enumerate(values):
        if not cell.heading:
            found.append((names, cell))
        elif cell.text:
            names = [*names, cell.text] if before[place] else [cell.text]
    return found


def _values(row: _Row, headings: dict[int, tuple[str, ...]]) -> Iterator[tuple[list[str], _Cell]]:
    """Each cell of a row once, from left to right, with the headings of all its columns."""
    columns = sorted(row)
    at = 0
    while at < len(columns):
        place = row[columns[at]]
        names: list[str] = []
        while at < len(columns) and row[columns[at]].cell is place.cell:
            names += [name for name in headings.get(columns[at], ()) if name not in names]
            at += 1
        if place.first or len(place.cell.text) <= _REPEATED:
            yield (names if len(", ".join(names)) <= _REPEATED else []), place.cell


def _named(names: Sequence[str], cell: _Cell) -> str:
    if not names:
        return cell.text
    return f"{', '.join(names)} – {cell.text}" if cell.holds_table else f"{label(', '.join(names))}{cell.text}"


def _listed(row: _Row) -> str:
    cells = {id(place.cell): place.cell.text for place in row.values() if place.cell.text}
    return _ended(joined(list(cells.values())))


def _ended(text: str) -> str:
    return text if not text or text.endswith(_ENDED) else f"{text}."


def _groups(table: LexborNode, left_out: Set[int]) -> Iterator[list[LexborNode]]:
    """The rows of each part of a table, without those of nested tables; the foot comes last, as browsers show it."""
    parts = [child for child in table.iter() if child.tag in _ROW_GROUPS and child.mem_id not in left_out]
    for part in sorted(parts, key=lambda part: part.tag == "tfoot"):
        yield [row for row in part.iter() if row.tag == "tr" and row.mem_id not in left_out]


def _cells(row: LexborNode, left_out: Set[int]) -> Iterator[LexborNode]:
    return (child for child in row.iter() if child.tag in ("td", "th") and child.mem_id not in left_out)


def _span(node: LexborNode, name: str, most: int) -> int:
    """The number of rows or columns that a cell spans; 1 if the attribute is unusable, 0 for all rows that follow."""
    text = (node.attributes.get(name) or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else most if text.isdigit() else 1
    return min(number, most) if number or name == "rowspan" else 1
