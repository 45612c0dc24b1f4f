"""Where workers are: on this machine, or on the nodes of a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

from genopt_gym.evaluation.worker_process import RAY, WorkerProcess, default_workers
from genopt_gym.sandbox.channel import MessageChannel
from genopt_gym.sandbox.tier import choose


class WorkerHandle(Protocol):
    """A worker as its pool sees it: blocks go in by its channel, results come out of it.

    Attributes:
        environment: what it was started with of ours.
        sources: file to hash of the user's own code that it has imported.
    """

    environment: dict[str, str]
    sources: dict[str, str]
    channel: MessageChannel

    @property
    def last_words(self) -> str: ...

    def can_run(self, sources: Mapping[str, str]) -> bool: ...

    def has_ended(self) -> bool: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...


class WorkerPlace(Protocol):
    """Starts workers somewhere.

    Attributes:
        tries: how many workers a block may lose there before that is told as an error.
    """

    tries: int

    def check(self) -> None:
        """Raise if artifact code cannot be run there: in words, before a worker is asked."""

    def count(self) -> int:
        """How many workers there are to be."""

    def start(self, extra: bool) -> WorkerHandle:
        """Start one; an extra one will mostly wait for a model, and needs no core of its own."""


class ThisMachine:
    """Workers are processes beside this one."""

    tries = 2

    def check(self) -> None:
        choose()

    def count(self) -> int:
        return default_workers()

    def start(self, extra: bool) -> WorkerHandle:
        return WorkerProcess()


def place_name() -> str:
    """``ray`` where ``GENOPT_WORKERS`` says so, else ``local``."""
    return RAY if os.environ.get("GENOPT_WORKERS") == RAY else "local"


def worker_place() -> WorkerPlace:
    """The place that ``GENOPT_WORKERS`` names.

    Raises:
        UserError: it is a Ray cluster, and Ray is not installed or the cluster cannot be reached.
    """
    if place_name() != RAY:
        return ThisMachine()
    from genopt_gym.evaluation.ray_workers import RayCluster

    return RayCluster()
