"""Where results of blocks are kept, by key."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Protocol


class Store(Protocol):
    """Results of blocks by key: in memory, or in a run folder."""

    def get(self, key: str) -> bytes | None: ...

    def __setitem__(self, key: str, value: bytes) -> None: ...


class MemoryStore:
    """The most recently used results, up to ``max_bytes`` together; evaluators on any threads may share it."""

    def __init__(self, max_bytes: int = 32 << 20) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._items: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def __setitem__(self, key: str, value: bytes) -> None:
        with self._lock:
            self._bytes += len(value) - len(self._items.pop(key, b""))
            self._items[key] = value
            while self._bytes > self._max_bytes and len(self._items) > 1:
                self._bytes -= len(self._items.popitem(last=False)[1])
