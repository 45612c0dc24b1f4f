"""A figure of matplotlib that a notebook shows by itself. Imported on first use: matplotlib is slow to load."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """Nothing but its user holds it: unlike figures of ``pyplot`` it needs no closing."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
