"""Workers on the nodes of a Ray cluster.

An actor on a node owns a worker process there, just as a process owns its workers here: the worker witnesses its node's
own confinement, and artifact code runs in its confined children. What is here is only the way of the messages. The
results of a block are the same bytes as a local worker's.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.evaluation.ray_connection import connect
from genopt_gym.evaluation.worker import MAX_MESSAGE, REFUSED, TOLD
from genopt_gym.evaluation.worker_process import WorkerProcess, fits, worker_environment
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel
from genopt_gym.version import VERSION

COUNTED_AGAIN = 1.0
"""Seconds after which the cluster's cores are counted again: nodes come and go."""


class RayCluster:
    """One worker for each core of the cluster.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """

    tries = 5
    """A dying node takes several workers with it, and Ray needs seconds to see that it is dead."""

    def __init__(self) -> None:
        self._ray, _ = connect()
        groups = {"out": 1, "in": 1}
        self._actor = self._ray.remote(concurrency_groups=groups, max_restarts=0)(NodeWorker)
        self._cores = 0
        self._counted = -COUNTED_AGAIN

    def check(self) -> None:
        """Whether artifact code can be confined is for each node's worker to witness."""
        if not self._ray.is_initialized():
            self._ray, _ = connect()

    def count(self) -> int:
        if time.monotonic() - self._counted > COUNTED_AGAIN:
            self._cores = int(self._ray.cluster_resources().get("CPU", 0))
            self._counted = time.monotonic()
        if self._cores < 1:
            raise UserError("the Ray cluster has no core for workers: add a node, or leave out GENOPT_WORKERS=ray")
        return self._cores

    def start(self, extra: bool) -> RayWorker:
        actor = self._actor.options(num_cpus=0 if extra else 1, scheduling_strategy="SPREAD")
        return RayWorker(self._ray, actor.remote(list(sys.path), worker_environment(), VERSION))


class RayWorker:
    """A node's worker as the pool sees it: what is sent goes to its actor, what that receives arrives here."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self.environment = worker_environment()
        self.sources: dict[str, str] = {}
        self.last_words = ""
        self._path = list(sys.path)
        self._ray = ray
        self._actor = actor
        self._lost = False
        ours, theirs = socket.socketpair()
        self.channel = MessageChannel(ours, MAX_MESSAGE)
        self._line = MessageChannel(theirs, MAX_MESSAGE)
        self._sending = threading.Thread(target=self._send_on, name="genopt-to-node", daemon=True)
        self._sending.start()
        threading.Thread(target=self._bring_back, name="genopt-from-node", daemon=True).start()

    def can_run(self, sources: Mapping[str, str]) -> bool:
        """Whether it has imported no other version of these files, and finds modules where we do."""
        return fits(sources, self.sources, self._path)

    def has_ended(self) -> bool:
        """Whether its node or its process is known to be gone."""
        return self._lost

    def kill(self) -> None:
        """End it at once, in the middle of a block."""
        if self._ray.is_initialized():
            self._ray.kill(self._actor)

    def close(self) -> None:
        """End the worker; its processes on the node end with the actor."""
        self.channel.close()
        self.kill()

    def _send_on(self) -> None:
        try:
            while True:
                self._actor.send.options(concurrency_group="out").remote(self._line.receive())
        except Exception:  # our end was closed, or the actor is gone: then `_bring_back` says so
            return

    def _bring_back(self) -> None:
        try:
            while True:
                coming = self._actor.receive.options(concurrency_group="in").remote()
                self._line.send(self._ray.get(coming))
        except ChannelClosed:
            pass  # by us
        except SystemExit:  # so a thread learns that Ray is shut down
            self.last_words = ": Ray was shut down"
        except Exception as error:
            self.last_words = f": {_last_line(error)}"
        self._lost = True
        self._line.sock.shutdown(socket.SHUT_RDWR)
        self._sending.join()
        self._line.close()


class NodeWorker:
    """The actor: a worker process of its node.

    Args:
        path: where the driver finds modules.
        environment: what of the driver's environment its workers get; keys are not in it.
        version: the driver's of this library.
    """

    def __init__(self, path: Sequence[str], environment: Mapping[str, str], version: str) -> None:
        if version != VERSION:
            raise UserError(f"the driver has genopt_gym {version}, this node {VERSION}: install the same on both")
        sys.path += [place for place in path if place not in sys.path]
        os.environ.update({name: value for name, value in environment.items() if name.startswith("GENOPT_")})
        self._worker = WorkerProcess()

    def send(self, message: bytes) -> None:
        """Pass a message on to the worker."""
        self._worker.channel.send(message)

    def receive(self) -> bytes:
        """The worker's next message; what it refuses is told with the node's name."""
        message = self._worker.channel.receive()
        if message[:1] in (TOLD, REFUSED):
            shared = " (data must lie where every node finds it)" if message[:1] == TOLD else ""
            where = f"on the node {socket.gethostname()}{shared}: "
            message = message[:1] + where.encode() + message[1:]
        return message


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
