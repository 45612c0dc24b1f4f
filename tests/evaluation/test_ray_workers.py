"""Workers on a Ray cluster give what local ones give, whatever becomes of the nodes."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import EvaluationError, Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.ray_workers import RayCluster
from tests.helpers import tables

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 8})
POLICY = "import time\ndef policy(obs):\n    time.sleep({pause})\n    return 1 if obs['pole_angle'] > {number} else 0\n"


def trials(number: int, pause: float = 0) -> list[Any]:
    evaluator = Evaluator(SPEC)
    text = POLICY.format(number=number / 1000, pause=pause)
    artifact = evaluator.task.starting_artifact("one_function/naive").edited({"policy": text})
    return list(evaluator.evaluate(artifact, "validation").trials)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without cores, and two nodes of one core."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    yield cluster
    shared_pool().close()
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def on_ray(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GENOPT_WORKERS", "ray")
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    return cluster


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[ray\]'"):
        RayCluster()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("default")
class TestCluster:
    def test_results_are_those_of_local_workers(self, monkeypatch: pytest.MonkeyPatch, on_ray: Any) -> None:
        with ThreadPoolExecutor(4) as threads:
            there = list(threads.map(trials, range(8)))
        assert {type(worker).__name__ for worker in shared_pool()._handles} == {"RayWorker"}
        monkeypatch.delenv("GENOPT_WORKERS")
        assert there == [trials(number) for number in range(8)]

    def test_an_error_of_the_task_comes_back_as_it_would_here(self, on_ray: Any) -> None:
        evaluator = Evaluator(TaskSpec("tests.helpers.toys:Deadly", {"validation_size": 1}))
        with pytest.raises(EvaluationError, match=r"5 workers ended while they ran a block of tests\.helpers\.toys"):
            evaluator.evaluate(evaluator.task.starting_artifact("plain/five"), "validation")

    def test_data_that_only_the_driver_has_are_refused_in_a_sentence(self, on_ray: Any, tmp_path: Path) -> None:
        data = tmp_path / "tables"
        shutil.copytree(tables.folder(), data)
        spec = TaskSpec("genopt_gym.envs.mlagentbench.spaceship_titanic:SpaceshipTitanic", {"data_dir": str(data)})
        evaluator = Evaluator(spec)
        start = evaluator.task.starting_artifact(evaluator.task.default_start)
        instances = evaluator.task.instances("validation")
        shutil.rmtree(data)
        with pytest.raises(EvaluationError, match=r"on the node .*data must lie where every node finds it.*tables"):
            evaluator.evaluate(start, instances)

    def test_blocks_of_a_node_that_dies_are_run_elsewhere(self, on_ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GENOPT_WORKERS", "2")
        expected = [trials(number, pause=0.002) for number in range(4)]
        monkeypatch.setenv("GENOPT_WORKERS", "ray")
        lost = on_ray.add_node(num_cpus=1)
        deadline = time.monotonic() + 60
        while shared_pool()._place.count() < 3 and time.monotonic() < deadline:
            time.sleep(0.5)
        with ThreadPoolExecutor(4) as threads:
            running = [threads.submit(trials, number, 0.002) for number in range(4)]
            time.sleep(1.5)
            removing = threading.Thread(target=on_ray.remove_node, args=(lost,), kwargs={"allow_graceful": False})
            removing.start()
            assert [each.result() for each in running] == expected
            removing.join()
