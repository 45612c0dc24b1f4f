"""Somebody in another window who answers the prompts of the agent ``manual``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def somebody(exchange: Path, *replies: str) -> Iterator[None]:
    """Answers prompts as they come, in a thread."""

    def answer() -> None:
        for number, reply in enumerate(replies, 1):
            while not (exchange / f"prompt-{number:04}.md").exists():
                time.sleep(0.01)
            (exchange / "draft").write_text(reply)
            (exchange / "draft").rename(exchange / f"reply-{number:04}.md")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield
    thread.join(timeout=30)
