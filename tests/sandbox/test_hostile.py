"""Attacks on everything outside the confined process: as root, as an ordinary user, without Landlock; and controls.

``pytest tests/sandbox/test_hostile.py -s`` prints the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, get_args

import gymnasium as gym
import msgspec
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import View
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox.confine import available_tier
from genopt_gym.sandbox.messages import Outcome
from genopt_gym.sandbox.session import Session, SessionDied
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote
from tests.sandbox import ordinary
from tests.sandbox.attacks import ALL, BY_NAME, CONTROLS, Attack
from tests.sandbox.cheats import CHEATS

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
needs_confinement = pytest.mark.skipif(
    available_tier() == "weak-only", reason="this system confines nothing; test_tier.py sees that it says so"
)


class Leg(NamedTuple):
    """Who attacks, and how they are confined."""

    tier: str
    as_root: bool


LEGS = {
    "root": Leg("strong", as_root=True),
    "user": Leg("strong", as_root=False),
    "seccomp": Leg("seccomp", as_root=False),
    "seccomp, root": Leg("seccomp", as_root=True),
}
QUICK = {"root", "user", "seccomp"}
"""The fourth is for `make test-all`: its two halves are each in one of these."""
CONTROL = Leg("weak", as_root=False)


class Reports:
    """Runs each of these legs once, all at the same time, when the first report is asked for."""

    def __init__(self, folder: Path, asked: Container[str]) -> None:
        self._executor = ThreadPoolExecutor()
        self._python, self._why_not = ordinary.python(folder) if ROOT else (sys.executable, "")
        self.legs = {name: leg for name, leg in LEGS.items() if name in asked}
        legs = {leg: [attack.name for attack in ALL] for leg in self.legs.values() if not self.missing(leg)}
        if not self.missing(CONTROL):
            legs[CONTROL] = [attack.name for attack in CONTROLS]
        self._runs: dict[Leg, Future[dict[str, Any]]] = {
            leg: self._executor.submit(self._run, leg, names) for leg, names in legs.items()
        }

    def missing(self, leg: Leg) -> str:
        """Why a leg cannot be run here; empty if it can."""
        if sys.platform != "linux":
            return "only Linux confines"
        if leg.as_root and not ROOT:
            return "the tests run as an ordinary user"
        if not leg.as_root and self._why_not:
            return self._why_not
        if leg.tier != "weak" and available_tier() not in ("strong", leg.tier):
            return f"this system cannot enforce the tier {leg.tier}; test_tier.py sees that it says so"
        return ""

    def of(self, leg: Leg, attack: Attack) -> Any:
        """What was reported of an attack; skips where the leg cannot be run."""
        if reason := self.missing(leg):
            pytest.skip(reason)
        reports = self._runs[leg].result()
        assert attack.name in reports, f"the leg ended before this attack did: {reports['stderr']}"
        return reports[attack.name]

    def _run(self, leg: Leg, names: list[str]) -> dict[str, Any]:
        order = {
            "tier": leg.tier,
            "user": ordinary.USER if ROOT and not leg.as_root else 0,
            "python": sys.executable if leg.as_root else self._python,
            "attacks": names,
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.sandbox.leg"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "KEY": "PLANTED-in-environment"},
            timeout=170,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["attack"]: row for row in rows} | {"stderr": done.stderr[-2000:]}

    def close(self) -> None:
        self._executor.shutdown()


@pytest.fixture(scope="module")
def reports(request: pytest.FixtureRequest) -> Iterator[Reports]:
    parameters = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    asked = {each["leg"] for each in parameters if each.get("leg") in LEGS} or QUICK
    with tempfile.TemporaryDirectory(prefix="genopt-python-") as folder:
        Path(folder).chmod(0o755)
        reports = Reports(Path(folder), asked)
        yield reports
        reports.close()


def test_there_are_many_attacks() -> None:
    assert len(ALL) >= 45
    assert len(CONTROLS) >= 8


@pytest.mark.parametrize("leg", [pytest.param(leg, marks=[] if leg in QUICK else pytest.mark.slow) for leg in LEGS])
@pytest.mark.parametrize("name", BY_NAME)
def test_attack_ends_as_it_should_and_harms_nothing(name: str, leg: str, reports: Reports) -> None:
    attack = BY_NAME[name]
    report = reports.of(LEGS[leg], attack)
    assert report["harm"] == [], report["evidence"]
    assert report["outcome"] in attack.expected(LEGS[leg].tier), report["evidence"]


@pytest.mark.parametrize("name", [attack.name for attack in CONTROLS])
def test_attack_bites_without_confinement(name: str, reports: Reports) -> None:
    attack = BY_NAME[name]
    report = reports.of(CONTROL, attack)
    if "memory" in name and "host" in name and YAMA.exists() and YAMA.read_text().strip() != "0":
        pytest.skip("Yama does not let a process read its parent's memory, even unconfined")
    assert any(harm.startswith(attack.bites) for harm in report["harm"]), report


SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"train_size": 2})


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(SPEC)


@needs_confinement
@pytest.mark.parametrize("name", CHEATS)
def test_a_score_is_what_the_actions_earn(name: str, evaluator: Evaluator) -> None:
    """Each trial is played again, action by action, in a game of our own."""
    start = evaluator.task.starting_artifact("one_function/naive")
    evaluation = evaluator.evaluate(start.edited({"policy": CHEATS[name]}), "train", View(None))
    game = gym.make("CartPole-v1")
    for trial in evaluation.trials:
        if trial.failure:
            assert trial.score == evaluator.task.metric.low
            continue
        game.reset(seed=evaluator.task.seed(trial.instance))
        assert trial.steps == len(trial.events)
        assert trial.score == sum(float(game.step(event.action)[1]) for event in trial.events)
    assert evaluation.score == sum(trial.score for trial in evaluation.trials) / 2
    assert evaluation.score < 80  # the honest policy stands for about 42 steps


MUTANT = """\
import os, random

def mutate(seed):
    draw = random.Random(seed)
    message = bytearray(
        b"A\\x91\\x93\\x93\\xa3abc\\x82\\xa1x\\xcb?\\xf0\\0\\0\\0\\0\\0\\0\\xa1y\\xc3\\xc4\\2ab\\xc0\\x91\\x93\\xa1f\\x91\\1\\2"
    )
    for _ in range(draw.randint(1, 2)):
        message[draw.randrange(len(message))] = draw.choice([draw.randrange(256), *range(0xC0, 0xE0)])
    message = message[: draw.randint(1, 5 * len(message))]
    os.write(3, len(message).to_bytes(4, "little") + message)
    os._exit(0)
"""


@needs_confinement
def test_mutated_answers_end_in_words(tmp_path: Path) -> None:
    """Whatever the bytes, they are an answer in plain data or the child's failure, and never an error of ours."""
    program = Program([("mutate", "python", MUTANT)], "def workflow(seed):\n    return mutate(seed)\n")
    zygote, ends = Zygote("bare", choose(), str(tmp_path)), []
    for seed in range(200):
        try:
            with Session(zygote, program, [0], Limits(), True) as session:
                [reply] = session.call([0], [[seed]])
                msgspec.msgpack.encode([reply.result, [call.result for call in reply.calls]])
                ends.append("ok" if reply.failure is None else reply.failure.outcome)
        except SessionDied as death:
            ends.append(death.failure.type)
    zygote.close()
    assert set(ends) <= {"ok", "ProtocolViolation", "ProcessEnded", *get_args(Outcome)}
    assert 20 < ends.count("ok") < 180


def test_table(reports: Reports) -> None:
    """Prints, with ``-s``, how each attack ended in each leg."""
    width = max(map(len, BY_NAME))
    print(f"\n{'attack':<{width}}" + "".join(f" {name:<16}" for name in reports.legs) + "unconfined")
    escapes = 0
    for attack in ALL:
        row = f"{attack.name:<{width}}"
        for leg in reports.legs.values():
            report = None if reports.missing(leg) else reports.of(leg, attack)
            row += f" {'ESCAPED' if report and report['harm'] else report['outcome'] if report else '-':<16}"
            escapes += bool(report and report["harm"])
        if attack.bites and not reports.missing(CONTROL):
            row += ", ".join(reports.of(CONTROL, attack)["harm"])
        print(row)
    print(f"{len(ALL)} attacks, {escapes} escapes; {len(CONTROLS)} controls")
    for name, leg in reports.legs.items():
        if reason := reports.missing(leg):
            print(f"{name}: not run, because {reason}")
    assert escapes == 0
