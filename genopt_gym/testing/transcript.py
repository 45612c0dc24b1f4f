"""Everything an environment said in a run, as one digest per step: in this process, or in a fresh one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import msgspec
import numpy as np
import psutil

Edit = Mapping[str, str] | str


def digest(value: Any) -> str:
    """A digest of observations, infos and the like that tells any two of them apart.

    >>> digest({"a": np.zeros(1), "b": 2}) == digest({"b": 2, "a": np.zeros(1)})
    True
    >>> digest(1.0) == digest(1)
    False
    """
    data = msgspec.msgpack.encode(value, enc_hook=_plain, order="deterministic")
    return hashlib.sha256(data).hexdigest()


def transcript(env: gym.Env[Any, Any], edits: Sequence[Edit], seed: int) -> list[str]:
    """The digests of a run: of the reset, then of each step until the edits or the run end."""
    digests = [digest(env.reset(seed=seed))]
    for edit in edits:
        observation, reward, terminated, truncated, info = env.step(edit)
        digests.append(digest((observation, float(reward), terminated, truncated, info)))
        if terminated or truncated:
            break
    return digests


@dataclass(frozen=True)
class FreshRun:
    """A run in a process of its own.

    Attributes:
        digests: as ``transcript`` gives them.
        helpers: how many processes it had started.
        left: how many of these were still there, 10 seconds after it had ended.
    """

    digests: list[str]
    helpers: int
    left: int


def run_in_fresh_process(
    id: str, parameters: Mapping[str, Any], edits: Sequence[Edit], seed: int, workers: int
) -> FreshRun:
    """Play a run in a new interpreter with its own hash seed and this many workers."""
    request = {"id": id, "parameters": parameters, "edits": edits, "seed": seed}
    environment = os.environ | {"GENOPT_WORKERS": str(workers), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("PYTHONHASHSEED", None)
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(request),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the run ended with exit code {done.returncode}:\n{done.stderr}")
    answer = json.loads(done.stdout)
    return FreshRun(answer["digests"], len(answer["helpers"]), still_running(answer["helpers"]))


def helpers() -> list[tuple[int, float]]:
    """Pid and start time of every descendant of this process."""
    return [(process.pid, process.create_time()) for process in psutil.Process().children(recursive=True)]


def helpers_since(before: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """New descendants, but for those that the earlier ones have started: these go on with what is theirs."""
    return [process for process in helpers() if process not in before and not _is_below(process, before)]


def still_running(processes: Iterable[Sequence[float]], seconds: float = 10.0) -> int:
    """How many of these ``(pid, start time)`` do not end within so long."""
    processes = list(processes)
    deadline = time.monotonic() + seconds
    while (count := sum(map(_is_running, processes))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return count


def _is_below(process: tuple[int, float], others: Iterable[tuple[int, float]]) -> bool:
    try:
        parents = {parent.pid for parent in psutil.Process(process[0]).parents()}
    except psutil.NoSuchProcess:
        return False
    return not parents.isdisjoint(pid for pid, _ in others)


def _is_running(process: Sequence[float]) -> bool:
    pid, started = process
    try:
        found = psutil.Process(int(pid))
        return found.create_time() == started and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, value.tobytes()]
    raise TypeError(f"observations and infos are plain data and arrays, not {type(value).__name__}")


def main() -> None:
    """Play the run that standard input describes; answer on standard output."""
    request = json.load(sys.stdin)
    env = gym.make(request["id"], max_episode_steps=len(request["edits"]) + 1, **request["parameters"])
    digests = transcript(env, request["edits"], request["seed"])
    answer = {"digests": digests, "helpers": helpers()}
    env.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
