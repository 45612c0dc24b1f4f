"""Recorded replies: what lets a run be resumed without asking twice, and replayed without a key."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import Journal, read_journal
from genopt_gym.core.ledger import ModelAccount
from genopt_gym.llm.errors import ReplayMiss
from genopt_gym.llm.request import Reply, Request

Mode = Literal["record", "replay"]


class Recorded(msgspec.Struct, frozen=True):
    """A stored reply, and all that its call has cost, failed attempts included."""

    reply: Reply
    cost: ModelAccount


class Replies:
    """Replies by request and occurrence: the same question asked twice may be answered in two ways.

    A file of JSON lines. Before an attempt a line says what it may cost, so that a killed run knows what it may have
    spent; after the call a line holds request, reply and cost.

    Args:
        path: of the file.
        mode: ``record`` serves what is there and adds what is new; ``replay`` never adds.

    Raises:
        UserError: ``replay``, and nothing was recorded there; or the file is damaged.
    """

    def __init__(self, path: Path, mode: Mode = "record") -> None:
        self.path = path
        self.mode: Mode = mode
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        """Opened when there is something to write."""
        rows = read_journal(path)[0]
        if mode == "replay" and not rows:
            raise UserError(f"there is nothing to replay in {path}: no model call was recorded there")
        self._replies: dict[tuple[str, int], Recorded] = {}
        self.unanswered: list[tuple[str, ModelAccount]] = []
        """Role and possible cost of attempts that had begun when the process ended."""
        self._load(rows)

    def occurrence(self, request: Request, asker: str = "") -> tuple[str, int]:
        """The key under which the next reply to this request, of this asker's, is kept; each call counts."""
        with self._lock:
            key = f"{request.key}/{asker}" if asker else request.key
            self._asked[key] += 1
            return key, self._asked[key] - 1

    def get(self, key: tuple[str, int]) -> Recorded | None:
        return self._replies.get(key)

    def begin(self, key: tuple[str, int], role: str, most: ModelAccount) -> None:
        """Say what an attempt may cost, before it is made."""
        self._append({"key": key[0], "occurrence": key[1], "role": role, "attempt": msgspec.to_builtins(most)})

    def add(self, key: tuple[str, int], role: str, request: Request, recorded: Recorded) -> None:
        self._append(
            {
                "key": key[0],
                "occurrence": key[1],
                "role": role,
                "request": msgspec.to_builtins(request),
                "reply": msgspec.to_builtins(recorded.reply),
                "cost": msgspec.to_builtins(recorded.cost),
            }
        )
        self._replies[key] = recorded

    def miss(self, request: Request, key: tuple[str, int]) -> ReplayMiss:
        """The error for a request that has no reply here."""
        asked = "the same" if any(known == key[0] for known, _ in self._replies) else "this"
        return ReplayMiss(
            f"{self.path} holds no reply to {asked} question to {request.model} (request {key[0]}, asked for the "
            f"{_ordinal(key[1] + 1)} time): prompt, model or options are not those that were recorded; go without "
            "--replay to ask the model"
        )

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def _append(self, row: dict[str, Any]) -> None:
        with self._lock:
            if self._journal is None:
                self._journal = Journal(self.path)
            self._journal.append(row)

    def _load(self, rows: list[dict[str, Any]]) -> None:
        begun: dict[tuple[str, int], list[tuple[str, ModelAccount]]] = {}
        try:
            for row in rows:
                key = (row["key"], row["occurrence"])
                if "attempt" in row:
                    most = msgspec.convert(row["attempt"], ModelAccount)
                    begun.setdefault(key, []).append((row["role"], most))
                else:
                    begun.pop(key, None)
                    self._replies[key] = msgspec.convert({"reply": row["reply"], "cost": row["cost"]}, Recorded)
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise UserError(f"{self.path} cannot be read as recorded model replies: {error}") from None
        self.unanswered = [attempt for attempts in begun.values() for attempt in attempts]


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
