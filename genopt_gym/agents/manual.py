"""A person, a script or a coding assistant as the proposer: prompts go out as files, replies come in as files."""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from pathlib import Path
from typing import Any

from genopt_gym.agents.base import Problem
from genopt_gym.agents.prompted_agent import EditFormat
from genopt_gym.agents.proposer import Proposer
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.core.locking import hold
from genopt_gym.llm import ModelError, Reply, Request
from genopt_gym.llm.backend import Backend
from genopt_gym.llm.settings import Settings

POLL = 0.1
"""Seconds between looks at the exchange folder."""
STILL = 1.0
"""Seconds for which a reply must not have grown before it is read."""


class Exchange(Backend):
    """A backend whose replies somebody writes: ``prompt-0001.md`` goes out, ``reply-0001.md`` comes in.

    A prompt appears whole. A reply is read when it has stopped growing.

    Args:
        folder: made where it is missing; one process at a time can use it.
        timeout: seconds to wait for a reply.
    """

    counts_tokens = False

    def __init__(self, folder: Path, timeout: float) -> None:
        self._folder = folder
        self._timeout = timeout
        self.waited = 0.0
        """Seconds, for replies."""
        self._lock: weakref.finalize[[int], Exchange] | None = None

    async def complete(self, request: Request, settings: Settings) -> Reply:
        self.hold()
        number = 1
        while (self._folder / f"prompt-{number:04}.md").exists():
            number += 1
        question = self._folder / f"prompt-{number:04}.md"
        answer = self._folder / f"reply-{number:04}.md"
        if answer.exists():
            raise ModelError(f"{answer} was there before its prompt: take it away, or use another exchange folder")
        words = "\n\n".join(f"# {message['role'].capitalize()}\n\n{message['content']}" for message in request.messages)
        write_atomically(question, f"{words}\n".encode())
        print(f"{question}: waiting for {answer.name}", flush=True)
        began = time.monotonic()
        try:
            await self._written(question, answer)
        finally:
            self.waited += time.monotonic() - began
        return Reply(answer.read_text(encoding="utf-8", errors="replace"), "stop", 0, 0, 0.0)

    async def _written(self, question: Path, answer: Path) -> None:
        """Wait until the reply has stopped growing."""
        waited, still, seen = 0.0, 0.0, (0, 0)
        while still < STILL:
            if waited >= self._timeout and not seen[0]:
                question.unlink()
                raise ModelError(f"no {answer.name} came within {self._timeout:g} s")
            await asyncio.sleep(POLL)
            waited += POLL
            now = _size_and_time(answer)
            still, seen = (still + POLL if now == seen and now[0] else 0.0), now

    def prices(self, model: str) -> tuple[float, float] | None:
        return 0.0, 0.0

    def context_tokens(self, model: str) -> int | None:
        return None

    def hold(self) -> None:
        """Take the folder for this process.

        Raises:
            UserError: another has it, or it cannot be had.
        """
        if self._lock is not None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._folder / "lock", os.O_WRONLY | os.O_CREAT)
        except OSError as error:
            raise UserError(f"cannot write to the exchange folder {self._folder}: {error.strerror}") from None
        in_use = UserError(f"the exchange folder {self._folder} is in use by another run; name another")
        try:
            hold(lock, self._folder, in_use)
        except UserError:
            os.close(lock)
            raise
        self._lock = weakref.finalize(self, os.close, lock)

    def release(self) -> None:
        if self._lock is not None:
            self._lock()
            self._lock = None


def _size_and_time(path: Path) -> tuple[int, int]:
    """Of a file, as it is now; zeros if there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


class Manual(Proposer):
    """The proposer's prompts, answered through a folder; an unusable reply is asked for once more.

    Args:
        exchange: the folder.
        timeout: seconds to wait for each reply; a run that has waited in vain can be resumed.
        memory: how many of the last edits the prompt shows.
        memory_chars: see ``Proposer``.
        prompt_chars: see ``Proposer``.
        edit_format: see ``PromptedAgent``.
        system: file with a system prompt of one's own.
    """

    def __init__(
        self,
        exchange: str,
        timeout: float = 86_400.0,
        memory: int = 20,
        memory_chars: int = 8_000,
        prompt_chars: int = 40_000,
        edit_format: EditFormat = "fenced",
        system: str | None = None,
    ) -> None:
        super().__init__(
            model="manual",
            memory=memory,
            memory_chars=memory_chars,
            prompt_chars=prompt_chars,
            edit_format=edit_format,
            system=system,
            timeout=timeout,
            max_tokens=4096,
        )
        self._exchange = Exchange(Path(exchange), timeout)

    @property
    def waited(self) -> float:
        return self._exchange.waited

    def claim(self) -> None:
        self._exchange.hold()

    def close(self) -> None:
        self._exchange.release()

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        # The exchange itself keeps the time.
        self.client = problem.client.with_(Settings(timeout=self.timeout + 60), self._exchange)

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        return None

    def fits(self, question: str) -> bool:
        return True
