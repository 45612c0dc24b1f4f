"""What people who look cost a run: its time with viewers of ``genopt watch`` over its time without.

Run and server are processes of their own, as they are for people; the viewers read the server's events. Runs with and
without viewers take turns, so that whatever else the machine does touches both. Time counts from the step by which all
viewers have come: that a server has to start, which takes half a second of a core, is not what looking costs.

    python benchmarks/viewers.py [--viewers 8] [--rounds 4] [--edits 60]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from genopt_gym import Callback

TASK = "GenOpt/Atari-Pong-v0"
PARAMETERS = ("start=modular/parametric", "max_steps=600", "validation_size=2", "test_size=1", "credit_horizon=400")
GOAL, LATEST = 1.02, 1.0
TIMES = "told.jsonl"


class StepTimes(Callback):
    """When each step was written, by the clock of the machine."""

    def on_start(self, start: Any) -> None:
        self._file = (start.folder / TIMES).open("w")

    def on_step(self, step: Any) -> None:
        self._file.write(json.dumps([step.step, time.time()]) + "\n")
        self._file.flush()

    def on_end(self, result: Any) -> None:
        self._file.close()


def start_run(folder: Path, edits: int) -> subprocess.Popen[bytes]:
    settings = [word for parameter in PARAMETERS for word in ("--set", parameter)]
    command = ["run", TASK, "--agent", "hill-climbing", "--edits", str(edits), "--out", str(folder), *settings]
    command += ["--callback", "viewers:StepTimes"]
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", "genopt_gym", *command],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
    )


class Viewer(threading.Thread):
    """Reads a page and then its events, as a browser does, and notes when each step came."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.seen: dict[int, float] = {}

    def run(self) -> None:
        urllib.request.urlopen(self._url, timeout=60).read()
        try:
            with urllib.request.urlopen(f"{self._url}events?from=0", timeout=60) as stream:
                for line in stream:
                    if line.startswith(b"data: "):
                        now = time.time()
                        for step in json.loads(line[6:])["steps"]:
                            self.seen.setdefault(step["step"], now)
        except OSError:
            return  # the server has ended


def watch(folder: Path, count: int) -> tuple[subprocess.Popen[str], list[Viewer]]:
    while not (folder / "config.json").exists():
        time.sleep(0.05)
    server = subprocess.Popen(
        [sys.executable, "-m", "genopt_gym", "watch", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+/", line)))
    viewers = [Viewer(url) for _ in range(count)]
    for viewer in viewers:
        viewer.start()
    return server, viewers


def loop_seconds(folder: Path, first: int) -> float:
    """From that step to the last."""
    told = dict(json.loads(line) for line in (folder / TIMES).read_text().splitlines())
    return float(told[max(told)] - told[first])


def all_have_come(viewers: list[Viewer]) -> int:
    """The first step that none of them found written already."""
    return 1 + max(first_news(viewer) for viewer in viewers)


def first_news(viewer: Viewer) -> int:
    """The last step of those that it was told at once, when it came."""
    came = min(viewer.seen.values())
    return max(step for step, seen in viewer.seen.items() if seen == came)


def delays(folder: Path, viewers: list[Viewer]) -> list[float]:
    """Seconds from a step's being written to its being seen; not of steps from before a viewer came."""
    found = []
    for line in (folder / TIMES).read_text().splitlines():
        step, written = json.loads(line)
        for viewer in viewers:
            began = min(viewer.seen.values(), default=0.0)
            if (seen := viewer.seen.get(step)) is not None and seen > began:
                found.append(seen - written)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--edits", type=int, default=60)
    arguments = parser.parse_args()
    ratios, late = [], []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(arguments.rounds):
            folders, first = {}, 0
            # The one first, then the other: what slows down or warms up in time is shared.
            for watched in (True, False) if number % 2 else (False, True):
                folder = folders[watched] = Path(temporary) / f"{number}-{watched}"
                run = start_run(folder, arguments.edits)
                server, viewers = watch(folder, arguments.viewers) if watched else (None, [])
                if run.wait():
                    raise SystemExit("the run has failed")
                if server is not None:
                    time.sleep(1)
                    server.terminate()
                    server.wait()
                    first = all_have_come(viewers)
                    late += delays(folder, viewers)
            seconds = {watched: loop_seconds(folder, first) for watched, folder in folders.items()}
            ratios.append(seconds[True] / seconds[False])
            times = f"{seconds[False]:.2f} s alone, {seconds[True]:.2f} s watched, {ratios[-1]:.3f}"
            print(f"round {number}: {times}, from step {first}", flush=True)
    late.sort()
    ratio = geometric_mean(ratios)
    spread = f"{min(ratios):.3f} .. {max(ratios):.3f}"
    print(f"{arguments.viewers} viewers: {ratio:.3f} of a run's time ({spread}); goal {GOAL}")
    latest = late[int(0.99 * (len(late) - 1))]
    print(f"a step is seen after {median(late):.2f} s, 99 % within {latest:.2f} s, of {len(late)}; goal {LATEST:g} s")
    raise SystemExit(0 if ratio <= GOAL and latest <= LATEST else 1)


if __name__ == "__main__":
    main()
