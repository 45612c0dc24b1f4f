"""Small loops as libraries have them, for the tests of the bridge; and their agents."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from genopt_gym.agents.external.bridge import Bridge
from genopt_gym.agents.external.external_optimizer import ExternalOptimizerAgent

CARTPOLE = "GenOpt/Control-CartPole-v0"


def policy(weight: float) -> dict[str, str]:
    """Texts for a cart pole; the weights 0, 1, ... are all different, and none solves it."""
    return {"policy": f"def policy(obs):\n    return 1 if obs['pole_angle'] > {0.001 * weight} else 0\n"}


def climb(bridge: Bridge) -> None:
    """Three proposals; each is tried on train and validation, and tells of it in the next one's text."""
    told = ""
    for number in range(3):
        texts = {"policy": policy(number)["policy"] + told}
        seen = bridge.step(texts)
        trials = bridge.trials(texts, [*bridge.start.train[:2], *bridge.start.validation])
        shown = [[t.instance, t.outcome, t.score, bool(t.trace)] for t in trials]
        told = f"# {json.dumps([seen.outcome, seen.score, seen.value, shown])}\n"
    bridge.step({"policy": policy(9)["policy"] + told})


def ask(bridge: Bridge) -> None:
    """Edits as the model says them, without end."""
    while True:
        said = bridge.ask([{"role": "user", "content": "An edit, please."}])
        bridge.step(said.text)


def ask_by_http(bridge: Bridge) -> None:
    """The same, in the way of a library that swallows all errors."""
    while True:
        try:
            body = {"model": "any", "max_tokens": 100, "messages": [{"role": "user", "content": "An edit, please."}]}
            headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
            url = f"{bridge.start.base_url}/chat/completions"
            with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as reply:
                bridge.step(json.load(reply)["choices"][0]["message"]["content"])
        except Exception:
            time.sleep(0.01)


def roll_dice(bridge: Bridge) -> None:
    """What no seed holds: another edit in each run."""
    while True:
        bridge.step(policy(time.time_ns() % 1000 / 1000))


def fail(bridge: Bridge) -> None:
    raise LookupError("no such frontier")


def crash(bridge: Bridge) -> None:
    print("about to crash")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def peek(bridge: Bridge) -> None:
    """Tries to see what is hidden, and tells what it was told."""
    bridge.trials(policy(0), ["test/0"])


def tell_surroundings(bridge: Bridge) -> None:
    words = json.dumps({"environment": dict(os.environ), "folder": os.getcwd()})
    bridge.step({"policy": f"# {words}\n{policy(1)['policy']}"})


def start_others(bridge: Bridge) -> None:
    """Helpers that would live on, one of them deaf to signals; then busy with itself for ever."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", deaf])
    bridge.step(policy(1))
    bridge.step(policy(2))
    time.sleep(600)


def _one_step(number: int) -> str:
    return Bridge().step(policy(number)).outcome


def work_in_processes(bridge: Bridge) -> None:
    """Steps from two spawned processes and from two threads at once."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_one_step, [1, 2]) == ["ok", "ok"]
    threads = [threading.Thread(target=bridge.step, args=(policy(number),)) for number in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def play(bridge: Bridge) -> None:
    globals()[bridge.start.options["loop"]](bridge)


@dataclass(kw_only=True, eq=False)
class Toy(ExternalOptimizerAgent):
    """One of the loops above."""

    entry: ClassVar[str] = "tests.helpers.toy_loops:play"
    library: ClassVar[str] = "toy"

    model: str = "openai/test"
    loop: str = "climb"


@dataclass(kw_only=True, eq=False)
class HttpToy(Toy):
    uses_http: ClassVar[bool] = True


def main() -> None:
    """A run of the folder and the loop that the arguments name, for a test that kills it."""
    from genopt_gym.runs.config import Config
    from genopt_gym.runs.loop import start_run

    parameters: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "test_size": 2}
    start_run(
        Config(CARTPOLE, "tests.helpers.toy_loops:Toy", 0, 5, parameters, {"loop": sys.argv[2]}),
        Path(sys.argv[1]),
    )


if __name__ == "__main__":
    main()
