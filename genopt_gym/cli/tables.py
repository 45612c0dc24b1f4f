"""Tables: drawn on a terminal, aligned plain text anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

Rows = Sequence[Sequence[str]]


def print_table(
    console: Console, columns: Sequence[str], rows: Rows, *, numbers_from: int, title: str = "", whole: int = 0
) -> None:
    """Print ``rows``; columns from ``numbers_from`` on are aligned right. A cell may have several lines.

    On a terminal cells are folded where they are too wide, but for those of the first ``whole`` columns.
    """
    if console.is_terminal:
        table = Table(title=title or None, title_justify="left", title_style="bold")
        for place, column in enumerate(columns):
            justify: Literal["left", "right"] = "right" if place >= numbers_from else "left"
            table.add_column(column, justify=justify, overflow="fold", no_wrap=place < whole)
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    if title:
        print(title)
    flat = [[cell.replace("\n", ", ") for cell in row] for row in [columns, *rows]]
    widths = [max(map(len, column)) for column in zip(*flat, strict=True)]
    for row in flat:
        cells = [
            cell.rjust(width) if place >= numbers_from else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
