"""Attacks on everything outside the confined process: as root, as an ordinary user, without Landlock; and controls.

``pytest tests/sandbox/test_hostile.py -s`` prints the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genopt_gym.sandbox.confine import available_tier
from tests.sandbox import ordinary
from tests.sandbox.attacks import ALL, BY_NAME, CONTROLS, Attack

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


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
CONTROL = Leg("weak", as_root=False)


class Reports:
    """Runs each leg once, all at the same time, when the first report is asked for."""

    def __init__(self, folder: Path) -> None:
        self._executor = ThreadPoolExecutor()
        self._python, self._why_not = ordinary.python(folder) if ROOT else (sys.executable, "")
        legs = {leg: [attack.name for attack in ALL] for leg in LEGS.values() if not self.missing(leg)}
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
            env={"PATH": os.environ["PATH"], "SECRET_KEY": "PLANTED-in-the-environment"},
            timeout=170,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["attack"]: row for row in rows} | {"stderr": done.stderr[-2000:]}

    def close(self) -> None:
        self._executor.shutdown()


@pytest.fixture(scope="module")
def reports() -> Iterator[Reports]:
    with tempfile.TemporaryDirectory(prefix="genopt-python-") as folder:
        Path(folder).chmod(0o755)
        reports = Reports(Path(folder))
        yield reports
        reports.close()


def test_there_are_many_attacks() -> None:
    assert len(ALL) >= 45
    assert len(CONTROLS) >= 8


@pytest.mark.parametrize("leg", LEGS)
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


def test_table(reports: Reports) -> None:
    """Prints, with ``-s``, how each attack ended in each leg."""
    width = max(map(len, BY_NAME))
    print(f"\n{'attack':<{width}}" + "".join(f" {name:<16}" for name in LEGS) + "unconfined")
    escapes = 0
    for attack in ALL:
        row = f"{attack.name:<{width}}"
        for leg in LEGS.values():
            report = None if reports.missing(leg) else reports.of(leg, attack)
            row += f" {'ESCAPED' if report and report['harm'] else report['outcome'] if report else '-':<16}"
            escapes += bool(report and report["harm"])
        if attack.bites and not reports.missing(CONTROL):
            row += ", ".join(reports.of(CONTROL, attack)["harm"])
        print(row)
    print(f"{len(ALL)} attacks, {escapes} escapes; {len(CONTROLS)} controls")
    for name, leg in LEGS.items():
        if reason := reports.missing(leg):
            print(f"{name}: not run, because {reason}")
    assert escapes == 0
