"""On a Ray cluster a study gives what it gives elsewhere, whatever becomes of the nodes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.study.execution.execute import Outcome
from genopt_gym.study.execution.on_ray import RayExecutor
from genopt_gym.study.folder import run_path
from tests.helpers.small_study import Inline, outcome_of, run_small, small_plan


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[ray\]'"):
        RayExecutor()


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without cores, and two nodes of one core."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("default")
def test_runs_of_a_dead_node_are_continued_on_another(cluster: Any, tmp_path: Path) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    (tmp_path / "signed").mkdir()
    plan = small_plan(agents=["tests.helpers.study_agents:Signing"], seeds=3, edits=20)
    runs = [
        replace(
            run,
            key=f"signing-{run.seed}",
            config=replace(run.config, agent_options={"folder": str(tmp_path / "signed")}),
        )
        for run in plan.runs
    ]
    plan = replace(plan, runs=runs)

    def on_event(what: str, key: str) -> None:
        """A node dies as soon as both runs are on their way."""
        steps = [run_path(tmp_path / "ray", run.key) / "steps.jsonl" for run in plan.runs[:2]]
        if len(nodes) == 2 and all(path.exists() and path.read_bytes().count(b"\n") > 1 for path in steps):
            cluster.remove_node(nodes.pop(), allow_graceful=False)

    executor = RayExecutor(cluster.address)
    assert run_small(tmp_path / "ray", plan, executor, on_event) == Outcome(done=3)
    assert len(nodes) == 1, "no node has died"
    processes = Counter(path.name.split("-")[0] for path in (tmp_path / "signed").iterdir())
    assert max(processes.values()) == 2, "no run was continued by another process"
    run_small(tmp_path / "unbroken", plan, Inline())
    assert outcome_of(tmp_path / "ray", plan) == outcome_of(tmp_path / "unbroken", plan)
