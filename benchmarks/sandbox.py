"""What confinement costs: from request to reaped result, per call, and over many evaluations.

A plain ``os.fork`` of a process that holds the same libraries is the physical limit beside which each is put.

    python benchmarks/sandbox.py [--rounds 200] [--evaluations 10000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

import psutil
from atari_speed import ours, policy_artifact, spec_of

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.limits import Limits
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.sandbox import confine
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.tier import VARIABLE, choose
from genopt_gym.sandbox.zygote import Zygote

PROGRAM = Program(
    [("double", "python", "def double(x):\n    return 2 * x\n")], "def workflow(x):\n    return double(x)\n"
)
GOALS = {"bare": 4.0, "numpy": 10.0, "data": 30.0}
"""Milliseconds from request to reaped result."""

PLAIN_FORK = """\
import gc, importlib, os, sys, time
for name in sys.argv[2].split(","):
    if name:
        importlib.import_module(name)
gc.collect()
gc.freeze()
times = []
for _ in range(int(sys.argv[1])):
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    times.append(time.perf_counter() - started)
times.sort()
print(times[len(times) // 2])
"""


def round_trip(zygote: Zygote) -> float:
    """Seconds from the request to the reaped result of one evaluation of one call."""
    started = time.perf_counter()
    with Session(zygote, PROGRAM, [0], Limits(), False) as session:
        (reply,) = session.call([0], [(21,)])
    assert reply.result == 42
    return time.perf_counter() - started


def plain_fork(profile: str, rounds: int) -> float:
    modules = [name for name in confine.PROFILES[profile] if importable(name)]
    command = [sys.executable, "-c", PLAIN_FORK, str(rounds), ",".join(modules)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def importable(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def call_microseconds(zygote: Zygote, calls: int = 3000) -> float:
    """Median time of a call into a live confined process."""
    with Session(zygote, PROGRAM, [0], Limits(), False) as session:
        times = []
        for _ in range(calls):
            started = time.perf_counter()
            session.call([0], [(21,)])
            times.append(time.perf_counter() - started)
    return 1e6 * median(times)


def endurance(zygote: Zygote, evaluations: int) -> str:
    """Memory and descriptors of this process over many evaluations in a row."""
    process = psutil.Process()
    for _ in range(100):
        round_trip(zygote)
    memory, descriptors, children = process.memory_info().rss, process.num_fds(), len(process.children(True))
    for _ in range(evaluations):
        round_trip(zygote)
    grown = (process.memory_info().rss - memory) / 2**20
    return (
        f"{evaluations:,} evaluations: memory {grown:+.1f} MB, descriptors {process.num_fds() - descriptors:+d},"
        f" processes {len(process.children(True)) - children:+d}"
    )


def throughput_ratio(tier: str, pairs: int = 5) -> float:
    """Steps per second of the same Pong games, confined over unconfined; the median of alternated pairs."""
    spec, instances = spec_of("pong"), [Instance("train", index) for index in range(4)]
    artifact = policy_artifact(spec.load(), "pong")
    seconds: dict[str, list[float]] = {tier: [], "weak": []}
    for counted in range(pairs + 1):
        for name, measured in seconds.items():
            os.environ[VARIABLE] = name
            ours(spec, artifact, instances[:1], View(1))  # start the worker
            _, taken = ours(spec, artifact, instances, None)
            shared_pool().close()
            if counted:
                measured.append(taken)
    return median(b / a for a, b in zip(seconds[tier], seconds["weak"], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--evaluations", type=int, default=10_000)
    arguments = parser.parse_args()
    tier = choose()
    print(f"tier {tier}; medians of {arguments.rounds} rounds on core {min(os.sched_getaffinity(0))}")
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    print(
        f"{'profile':<8} {'request to reaped, ms':>22} {'goal':>6} {'unconfined':>11}"
        f" {'os.fork':>8} {'ratio':>6} {'call, us':>9}"
    )
    with tempfile.TemporaryDirectory() as root:
        for profile, goal in GOALS.items():
            if not all(importable(name) for name in confine.PROFILES[profile][:4]):
                print(f"{profile:<8} left out: its libraries are not installed (extra ml)")
                continue
            zygote, open_zygote = Zygote(profile, tier, root), Zygote(profile, "weak", root)
            for _ in range(10):
                round_trip(zygote), round_trip(open_zygote)
            pairs = [(round_trip(zygote), round_trip(open_zygote)) for _ in range(arguments.rounds)]
            confined, unconfined = (1e3 * median(column) for column in zip(*pairs, strict=True))
            plain = 1e3 * plain_fork(profile, arguments.rounds)
            print(
                f"{profile:<8} {confined:>22.2f} {goal:>6.0f} {unconfined:>11.2f}"
                f" {plain:>8.2f} {confined / plain:>6.1f}"
                f" {call_microseconds(zygote):>9.1f}",
                flush=True,
            )
            zygote.close()
            open_zygote.close()
        zygote = Zygote("bare", tier, root)
        print(endurance(zygote, arguments.evaluations), flush=True)
        zygote.close()
    os.environ["GENOPT_WORKERS"] = "1"
    print(f"Pong, steps/s confined over unconfined: {throughput_ratio(tier):.3f} (goal 0.95)")


if __name__ == "__main__":
    main()
