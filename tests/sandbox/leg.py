"""One leg of the hostile suite: attacks one after another, by one user, in one tier; a report a line.

It is a process of its own, so that nothing but the attacks could change what is held against them, and so that it
can give up root.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Failure
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.session import Session, SessionDied
from tests.sandbox.attack import WORKFLOW, Attack
from tests.sandbox.attacks import BY_NAME
from tests.sandbox.scene import Scene, as_json, site_data

LIMITS = Limits(call_seconds=0.5, cpu_seconds=2, memory_mb=256, file_mb=4, llm_calls=3)
LONGEST = 25.0
"""Seconds that no attack may take, with these limits, on a very busy machine."""


def run(attack: Attack, scene: Scene) -> dict[str, Any]:
    """Run one attack as an artifact; how it ended, and what it did."""
    program = Program([("attack", "python", attack.source)], WORKFLOW)
    llm = str.upper if attack.llm else None
    failure: Failure | None = None
    results: list[Any] = []
    errors = []
    started = time.monotonic()
    try:
        with Session(scene.zygote, program, [0], LIMITS, attack.traced, llm) as session:
            while failure is None and len(results) < attack.calls:
                [reply] = session.call([0], [[scene.facts()]])
                failure = reply.failure
                results.append(reply.result)
    except SessionDied as death:
        failure = death.failure
    except Exception as error:
        errors.append(f"an error of ours: {type(error).__name__}: {error}")
    seconds = time.monotonic() - started
    loot = [result for result in results if result is not None]
    if attack.loots and loot:
        errors.append("loot")
    if scene.token in as_json([results, failure]):
        errors.append("a secret")
    if failure is not None and not _readable(failure):
        errors.append("unreadable evidence")
    if seconds > LONGEST:
        errors.append(f"{seconds:.1f} s")
    return {
        "attack": attack.name,
        "outcome": failure.outcome if failure else "ok",
        "evidence": str(failure)[:600] if failure else f"returned {as_json(loot)[:100]}",
        "harm": [*errors, *scene.harm()],
        "seconds": round(seconds, 2),
    }


def _readable(failure: Failure) -> bool:
    text = str(failure)
    return bool(failure.type and failure.message) and len(text) < 4000 and text == text.encode().decode()


def main() -> None:
    order = json.loads(sys.stdin.read())
    site_data()  # looked up now: an ordinary user may not be able to read the interpreter's home
    if order["user"]:
        os.setgroups([])
        os.setgid(order["user"])
        os.setuid(order["user"])
    sys.executable = order["python"]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="genopt-hostile-", ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        Path("control").mkdir()
        with Scene(Path(folder, "control"), order["tier"]) as scene:
            for name in order["attacks"]:
                assert order["tier"] != "weak" or BY_NAME[name].bites, "what no control is made for is not let loose"
                report = run(BY_NAME[name], scene)
                if report["outcome"] == "timeout" and "timeout" not in BY_NAME[name].expected(order["tier"]):
                    report = run(BY_NAME[name], scene)  # the machine may have been busy elsewhere
                print(json.dumps(report), flush=True)
                if report["harm"]:
                    scene.set_up()
        os.chdir("/")


if __name__ == "__main__":
    main()
