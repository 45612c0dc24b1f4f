"""A view that is drawn again and again in one place: of a terminal, or of a notebook's cell."""

from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType
from rich.jupyter import JupyterMixin
from rich.live import Live


class LiveView:
    """Shows the last renderable that it was given, while it is open.

    Args:
        console: where; rich tells terminals and notebooks apart.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = Console() if console is None else console
        self._live: Live | None = None
        self._cell: Any = None

    @property
    def can_show(self) -> bool:
        """Whether something is looking: elsewhere there is nothing to draw again."""
        return self.console.is_terminal or self.console.is_jupyter

    def show(self, renderable: RenderableType) -> None:
        """Draw it in place of the last one; the first opens the view."""
        if self.console.is_jupyter:
            # Of rich's own display in notebooks only the last state would need no further package.
            shown = _Shown(renderable)
            if self._cell is None:
                from IPython.display import display

                show: Any = display
                self._cell = show(shown, display_id=True)
            else:
                self._cell.update(shown)
        elif self._live is None:
            self._live = Live(renderable, console=self.console, refresh_per_second=8)
            self._live.start()
        else:
            self._live.update(renderable)

    def say(self, line: RenderableType) -> None:
        """A line above the view, which stays."""
        if not self.console.is_jupyter:
            self.console.print(line)

    def close(self) -> None:
        """Leave the last state where it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class _Shown(JupyterMixin):
    """Anything that rich can render, as a notebook takes it."""

    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich__(self) -> RenderableType:
        return self._renderable
