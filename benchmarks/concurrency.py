"""Many evaluations at once in one process: how much faster than one after the other, and how near to the limit.

Each line is measured in alternated pairs, in this run:

- threads: 16 threads that each step a CartPole environment of their own, over one thread that steps all 16 in turn; and
  over the limit, the seconds that workers spend in blocks and on their processes divided by the cores;
- model: the same with 16 environments whose artifacts ask a model on loopback that answers after 200 ms;
- short: a short evaluation beside a stream of long ones in another thread, its 95th percentile over that of it alone;
- vector: ``gym.make_vec(id, 8)`` and its ``async`` mode over 8 environments in turn;
- ray: workers of a Ray cluster on this machine over as many local ones.

    python benchmarks/concurrency.py [--pairs 7] [--only threads model short vector ray]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import gymnasium as gym
from bbeh_speed import write_questions
from model_calls import SERVER

from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.making import optimization_env

ENVIRONMENTS, STEPS, VECTOR = 16, 4, 8
CARTPOLE: dict[str, Any] = {"start": "one_function/naive", "validation_size": 16, "credit_horizon": 50}
POLICY = "def policy(obs):\n    return 1 if obs['pole_angle'] + {} * obs['pole_velocity'] > 0 else 0\n"
SPEC = "genopt_gym.envs.control.cart_pole:CartPole"
DELAY = 0.2
"""Seconds until the model answers."""

_numbers = count(1)


def new_policy() -> dict[str, str]:
    """Another text at each call, and much the same policy: no step finds anything in the cache."""
    return {"policy": POLICY.format(1 + next(_numbers) * 1e-7)}


def step(env: gym.Env[Any, Any], edit: Callable[[], dict[str, str]]) -> None:
    outcome = env.step(edit())[4]["outcome"]
    assert outcome == "ok", outcome


def in_turn(environments: Sequence[gym.Env[Any, Any]], edit: Callable[[], dict[str, str]]) -> None:
    for _ in range(STEPS):
        for env in environments:
            step(env, edit)


def in_threads(environments: Sequence[gym.Env[Any, Any]], edit: Callable[[], dict[str, str]]) -> None:
    def all_steps(env: gym.Env[Any, Any]) -> None:
        for _ in range(STEPS):
            step(env, edit)

    with ThreadPoolExecutor(len(environments)) as threads:
        list(threads.map(all_steps, environments))


def step_together(vector: gym.vector.VectorEnv[Any, Any, Any]) -> None:
    for _ in range(STEPS):
        vector.step(tuple(new_policy() for _ in range(vector.num_envs)))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def busy_seconds(environments: Sequence[gym.Env[Any, Any]]) -> float:
    """What workers have spent in these environments' blocks."""
    return sum(optimization_env(env).evaluator.ledger.total.seconds for env in environments)


def show(what: str, ratios: Sequence[float], goal: str) -> None:
    print(f"{what:<58} {median(ratios):>6.2f} {min(ratios):>6.2f} {max(ratios):>6.2f}   {goal}", flush=True)


def show_threads(pairs: int) -> None:
    environments = [gym.make("GenOpt/Control-CartPole-v0", **CARTPOLE) for _ in range(ENVIRONMENTS)]
    ratios, limits, possible = [], [], []
    for pair in range(pairs):
        for env in environments:
            env.reset(seed=pair)
        before = busy_seconds(environments)
        alone = seconds(lambda: in_turn(environments, new_policy))
        work = busy_seconds(environments) - before
        together = seconds(lambda: in_threads(environments, new_policy))
        least = work / default_workers()
        ratios.append(alone / together)
        limits.append(least / together)
        possible.append(alone / least)
    show("threads: 16 CartPole, over one thread", ratios, "1.8 on two cores")
    show("threads: the most that is possible, over one thread", possible, "one thread keeps several cores busy too")
    show("threads: the same, over the limit", limits, "0.9")


@contextmanager
def model_server() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-c", SERVER, str(DELAY)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        server.kill()


def show_model(pairs: int) -> None:
    with tempfile.TemporaryDirectory() as folder, model_server() as url:
        write_questions(Path(folder), random.Random(0))
        parameters: dict[str, Any] = {"data_dir": folder, "split_order": "fixed", "train_size": 15}
        parameters |= {"validation_size": 1, "model": "openai/test", "base_url": url, "start": "workflow/naive"}
        os.environ.setdefault("OPENAI_API_KEY", "none")
        environments = [gym.make("GenOpt/BBEH-ShuffledObjects-v0", **parameters) for _ in range(ENVIRONMENTS)]
        texts = optimization_env(environments[0]).action_space.texts

        def prompt() -> dict[str, str]:
            return {name: f"{text}\n({next(_numbers)})" for name, text in texts.items()}

        for env in environments:
            env.reset(seed=0)
        in_threads(environments, prompt)  # starts the workers
        ratios = []
        for pair in range(pairs):
            for env in environments:
                env.reset(seed=pair)
            alone = seconds(lambda: in_turn(environments, prompt))
            together = seconds(lambda: in_threads(environments, prompt))
            ratios.append(alone / together)
    show("model: 16 workflows that ask one, over one thread", ratios, "12")


def show_short(pairs: int) -> None:
    """Single evaluations of a few instances, alone and beside a thread that evaluates thousands without a pause."""
    evaluator = Evaluator(TaskSpec(SPEC, {"train_size": 5000}))
    start = evaluator.task.starting_artifact("one_function/naive")
    few, many = evaluator.task.instances("train")[:8], evaluator.task.instances("train")[8:]
    samples = 20

    def percentile() -> float:
        found = sorted(seconds(lambda: evaluator.evaluate(start.edited(new_policy()), few)) for _ in range(samples))
        return found[int(0.95 * samples) - 1]

    ratios = []
    for _ in range(pairs):
        alone, over = percentile(), threading.Event()

        def stream(over: threading.Event = over) -> None:
            while not over.is_set():
                evaluator.evaluate(start.edited(new_policy()), many)

        thread = threading.Thread(target=stream)
        thread.start()
        time.sleep(1)
        ratios.append(percentile() / alone)
        over.set()
        thread.join()
    show("short: beside long ones, 95th percentile over alone", ratios, "below 3")


def show_vector(pairs: int) -> None:
    for mode in (None, "async"):
        environments = [gym.make("GenOpt/Control-CartPole-v0", **CARTPOLE) for _ in range(VECTOR)]
        vector = gym.make_vec("GenOpt/Control-CartPole-v0", VECTOR, vectorization_mode=mode, **CARTPOLE)
        ratios = []
        for pair in range(pairs):
            vector.reset(seed=pair)
            vector.step(tuple(new_policy() for _ in range(VECTOR)))  # starts the workers
            for env in environments:
                env.reset(seed=pair)
            alone = seconds(partial(in_turn, environments, new_policy))
            ratios.append(alone / seconds(partial(step_together, vector)))
        vector.close()
        show(f"vector: make_vec of 8, {mode or 'its own mode'}, over 8 in turn", ratios, "1.8 on two cores")


def show_ray(pairs: int) -> None:
    import ray
    from ray.cluster_utils import Cluster

    local = os.environ.get("GENOPT_WORKERS")
    cores = default_workers()
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(cores):
        cluster.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = cluster.address
    environments = [gym.make("GenOpt/Control-CartPole-v0", **CARTPOLE) for _ in range(ENVIRONMENTS)]

    def on(workers: str) -> float:
        os.environ["GENOPT_WORKERS"] = workers
        for env in environments:
            env.reset(seed=next(_numbers))
        return seconds(lambda: in_threads(environments, new_policy))

    on("ray")
    ratios = []
    for _ in range(pairs):
        here = on(str(cores))
        ratios.append(here / on("ray"))
    shared_pool().close()
    ray.shutdown()  # a cluster does not end under those that use it
    cluster.shutdown()
    os.environ.pop("GENOPT_WORKERS") if local is None else os.environ.update(GENOPT_WORKERS=local)
    show("ray: workers of two nodes, over local ones", ratios, "0.9")


PARTS: dict[str, Callable[[int], None]] = {
    "threads": show_threads,
    "model": show_model,
    "short": show_short,
    "vector": show_vector,
    "ray": show_ray,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} before it starts; {default_workers()} workers; {arguments.pairs} pairs")
    print(f"{'':<58} {'median':>6} {'least':>6} {'most':>6}   goal")
    for name in arguments.only:
        PARTS[name](arguments.pairs)
    shared_pool().close()


if __name__ == "__main__":
    main()
