"""What every task must keep to, as a class of tests."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.edit import EditOutcome, check_contract
from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.task import SPLITS
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import Evaluator
from genopt_gym.testing.transcript import (
    Edit,
    FreshRun,
    digest,
    helpers,
    run_in_fresh_process,
    still_running,
    transcript,
)

NO_EDITS: tuple[Any, ...] = (
    *(None, True, 3, math.nan, b"bytes", [], ["a text"], {1, 2}, object()),
    *("", " ", "no edit in here", "{", "{}", '{"edit": 3}', "```python\n```", "\0", "\ud800", "def f(:"),
    *({"no such component": "text"}, {3: "text"}, {None: None}, {("a", "b"): "text"}, {"": ""}),
)
"""Actions that are no edits of any artifact."""

NO_TEXTS: tuple[Any, ...] = (
    *(None, 3, b"bytes", [], {}, "x" * (MAX_TEXT_CHARS + 1)),
    *("", "\0", "\ud800", "é漢\U0001f3ae", "(" * 500, "-" * 5000 + "1", "x = " + "9" * 5000, "return 1", "\t", "\r"),
)
"""What is no text of a component."""


class TaskConformance:
    """Inherit in a pytest file, and set ``id``; each method is one requirement, told in its docstring.

    Attributes:
        id: of a registered environment; ``module:id`` where importing ``genopt_gym`` does not register it.
        parameters: keywords of ``gym.make`` that make trials cheap; what they do not name is tested as it is.
        samples: how many samples of the action space, and how many edits made up by hypothesis, are tried.
    """

    id: ClassVar[str]
    parameters: ClassVar[Mapping[str, Any]] = {}
    samples: ClassVar[int] = 25

    def make(self, **more: Any) -> gym.Env[Any, Any]:
        """The environment as a user makes it."""
        return gym.make(self.id, **{**self.parameters, **more})

    def core(self, **more: Any) -> OptimizationEnv:
        """The environment without its wrappers."""
        env = self.make(**more).unwrapped
        assert isinstance(env, OptimizationEnv)
        return env

    def edits(self) -> list[Edit]:
        """A run's worth of edits, of many kinds, that the task's own texts provide."""
        env = self.core()
        start = {name: env.start.texts[name] for name in env.editable}
        structure = env.task.structures[str(env.parameters.start).partition("/")[0]]
        python = [c.name for c in env.start.components if c.kind == "python" and c.name in env.editable]
        env.action_space.seed(0)
        edits: list[Edit] = [
            {},
            *({name: texts[name] for name in start} for texts in structure.implementations.values()),
            {name: counting_calls(name, start[name]) for name in python},
            start,
            "no edit in here",
            *(env.action_space.sample() for _ in range(3)),
            dict.fromkeys(python, "def ("),
        ]
        edits += [f"Try this:\n```python {name}\n{start[name]}# é漢\U0001f3ae\n```\n" for name in python]
        return edits

    def fresh_runs(self) -> list[FreshRun]:
        """The same run in two new processes, with one worker and with two."""
        request = json.dumps([self.id, dict(self.parameters), self.edits()])
        return [_fresh_run(request, workers) for workers in (1, 2)]

    # --- Gymnasium's contract

    def test_check_env(self) -> None:
        """Gymnasium's own checker has nothing against the environment."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(self.core())

    def test_check_env_of_the_wrapped(self) -> None:
        """All that the checker says of what ``gym.make`` gives is that it is wrapped."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_env(self.make(), skip_render_check=True)
        assert all("different from the unwrapped version" in str(warning.message) for warning in caught)

    def test_spec_is_json(self) -> None:
        """``spec.to_json()`` holds all that it takes to make an environment with the same first observation."""
        env = self.make()
        assert env.spec is not None
        twin = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
        assert twin.spec is not None
        assert twin.spec.kwargs == env.spec.kwargs
        if self._is_deterministic(env):
            assert digest(twin.reset(seed=3)) == digest(env.reset(seed=3))

    @pytest.mark.parametrize("mode", ["sync", "async"])
    def test_vector_env(self, mode: Literal["sync", "async"]) -> None:
        """In a vector environment each of two says what it says alone, whatever letters are in it."""
        singles = [self.make(), self.make()]
        before = set(helpers())
        vector: Any = gym.make_vec(self.id, num_envs=2, vectorization_mode=mode, **self.parameters)
        edits = [_with_other_letters(env) for env in singles]
        try:
            first, _ = vector.reset(seed=[5, 6])
            second, rewards, terminated, truncated, infos = vector.step(tuple(edits))
            started = set(helpers()) - before
        finally:
            vector.close()
        for number, (env, edit) in enumerate(zip(singles, edits, strict=True)):
            assert all(text.isascii() is False for text in edit.values())
            alone, _ = env.reset(seed=5 + number)
            if not self._is_deterministic(env):
                continue
            assert digest(_one_of(first, number)) == digest(alone)
            alone, reward, *ends, info = env.step(edit)
            assert digest(_one_of(second, number)) == digest(alone)
            assert [rewards[number], terminated[number], truncated[number]] == [reward, *ends]
            assert infos["outcome"][number] == info["outcome"]
        if mode == "async":
            assert started
            assert still_running(started) == 0

    def test_render(self) -> None:
        """The loop can be printed, a line per step, and drawn."""
        edits = self.edits()[:2]
        for mode in ("ansi", "rgb_array"):
            env = self.make(render_mode=mode)
            env.reset(seed=0)
            for edit in edits:
                env.step(edit)
            picture: Any = env.render()
            if mode == "ansi":
                assert len(picture.splitlines()) >= 1 + len(edits)
            else:
                assert picture.dtype == np.uint8
                assert picture.ndim == 3
                assert picture.shape[2] == 3

    # --- determinism, copies

    def test_same_seed_and_edits_say_the_same(self) -> None:
        """Observations, rewards and infos are the same bytes in any process, with one worker and with two.

        The edits include components that keep module globals, and whose behaviour depends on them.
        """
        env = self.make(max_episode_steps=1000)
        self._needs_determinism(env)
        here = transcript(env, self.edits(), seed=7)
        with_one, with_two = self.fresh_runs()
        assert with_one.digests == here
        assert with_two.digests == here

    def test_trials_do_not_depend_on_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A trial is the same whatever its worker has run before, and whatever shares its block."""
        env = self.core()
        self._needs_determinism(env)
        monkeypatch.setenv("GENOPT_WORKERS", "1")
        python = [c.name for c in env.start.components if c.kind == "python"]
        artifact = env.start.edited({name: counting_calls(name, env.start.texts[name]) for name in python})
        instances, view = env.task.instances("train")[:24], View(50)

        def trials(instances: Sequence[Instance]) -> list[Trial]:
            return list(Evaluator(env.evaluator.spec).evaluate(artifact, instances, view).trials)

        before = trials(instances[:12])
        trials(instances[12:])
        assert trials(instances[11::-1]) == before[::-1]
        assert trials(instances[5:6]) == before[5:6]

    def test_no_process_is_left(self) -> None:
        """A process that used the environment takes all its helpers with it when it ends."""
        for run in self.fresh_runs():
            assert run.helpers > 0
            assert run.left == 0

    def test_pickle(self) -> None:
        """An environment that was pickled in mid-run goes on as the one that was not."""
        edits = self.edits()
        env = self.make(max_episode_steps=1000)
        self._needs_determinism(env)
        env.reset(seed=1)
        env.step(edits[1])
        twin = pickle.loads(pickle.dumps(env))
        for edit in edits[2:5]:
            assert digest(twin.step(edit)) == digest(env.step(edit))

    def test_deepcopy(self) -> None:
        """Copies of an environment are forks of the run: each goes its own way, on the same evaluator."""
        edits = self.edits()
        env, control = self.make(max_episode_steps=1000), self.make(max_episode_steps=1000)
        self._needs_determinism(env)
        env.reset(seed=1)
        control.reset(seed=1)
        fork = copy.deepcopy(env)
        assert _core(fork).evaluator is _core(env).evaluator
        assert digest(fork.step(edits[1])) == digest(env.step(edits[1]))
        fork.step(dict.fromkeys(_core(fork).editable, "def ("))
        control.step(edits[1])
        for edit in edits[2:4]:
            assert digest(env.step(edit)) == digest(control.step(edit))

    # --- edits

    def test_no_edit_raises(self) -> None:
        """Whatever the action: an outcome, a score within the metric's bounds, an observation in its space."""
        env = self.core()
        env.reset(seed=0)
        env.action_space.seed(1)
        for action in NO_EDITS:
            *_, info = self._step(env, action)
            assert info["outcome"] in ("unparsable", "unchanged"), action
        for name in env.editable:
            for text in NO_TEXTS:
                self._step(env, {name: text})
        for _ in range(self.samples):
            self._step(env, env.action_space.sample())

    def test_no_edit_of_hypothesis_raises(self) -> None:
        """The same for edits that hypothesis makes up."""
        pytest.importorskip("hypothesis")
        from hypothesis import HealthCheck, given, settings
        from hypothesis import strategies as st

        env = self.core()
        env.reset(seed=0)
        names = st.sampled_from(env.editable) | st.text(max_size=10)
        words = st.text(max_size=60) | st.sampled_from([env.start.texts[name] for name in env.editable])
        edits = st.dictionaries(names, words | st.none() | st.integers(), max_size=3)

        @settings(
            max_examples=self.samples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(edits | words | st.builds(json.dumps, edits))
        def step(action: Any) -> None:
            self._step(env, action)

        step()

    def test_artifact_that_raises(self) -> None:
        """An exception of a component costs the lowest score; its type, message and line become evidence."""
        env = self.core()
        env.reset(seed=0)
        python = [c.name for c in env.start.components if c.kind == "python" and c.name in env.editable]
        if not python:
            pytest.skip("nothing in the artifact is code")
        name = python[0]
        text = env.start.texts[name].rstrip("\n") + "\n\nraise LookupError('found in the evidence')\n"
        observation, *_, info = self._step(env, {name: text})
        assert info["outcome"] == "runtime_error"
        assert observation["score"][0] == env.task.metric.low
        for trial in info["trials"]:
            failure = trial["failure"]
            told = failure["component"], failure["line"], failure["type"], failure["message"]
            assert told == (name, text.count("\n"), "LookupError", "found in the evidence")
        assert "found in the evidence" in observation["feedback"] + observation["trace"]

    def _step(self, env: OptimizationEnv, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """A step, and what holds after any step."""
        observation, reward, terminated, truncated, info = env.step(action)
        low, high = env.task.metric.bounds
        assert info["outcome"] in {*EditOutcome, *env.task.outcomes}
        assert low <= observation["score"][0] <= high
        assert low <= observation["best_score"][0] <= high
        assert (info["score"], info["best_score"]) == (observation["score"][0], observation["best_score"][0])
        assert (type(info["score"]), type(info["best_score"])) == (float, float)
        assert env.observation_space.contains(observation)
        assert math.isfinite(reward)
        assert (type(terminated), type(truncated)) == (bool, bool)
        return observation, reward, terminated, truncated, info

    # --- splits

    def test_splits_are_disjoint(self) -> None:
        """No two instances of different splits have the same seed."""
        task = self.core().task
        seeds = [{task.seed(instance) for instance in task.instances(split)} for split in SPLITS]
        assert all(seeds)
        assert len(set.union(*seeds)) == sum(map(len, seeds))

    def test_test_split_is_hidden(self) -> None:
        """The evaluator that an optimizer can reach refuses the test split, as a whole and by the instance."""
        env = self.core()
        for what in ("test", env.task.instances("test")[:1], [Instance("test", 0), Instance("train", 0)]):
            with pytest.raises(ValueError, match="hidden"):
                env.evaluator.evaluate(env.start, what)
        assert "test" not in env.evaluator.ledger.accounts

    def test_evidence_comes_from_train(self) -> None:
        """No order of resets and edits makes an agent see a trial of another split."""
        env = self.core()
        seen = []
        for seed in (0, 1, None, 0):
            seen += env.reset(seed=seed)[1]["trials"]
            for edit in self.edits()[:2]:
                seen += env.step(edit)[4]["trials"]
        assert {trial["instance"]["split"] for trial in seen} == {"train"}
        assert set(env.evaluator.ledger.accounts) <= {"train", "validation"}

    def test_reset_seed_orders_train_alone(self) -> None:
        """``reset(seed)`` changes neither the validation instances nor, so, the starting artifact's score."""
        env = self.core()
        self._needs_determinism(env)
        trials = []
        for seed in range(3):
            env.reset(seed=seed)
            assert env.last.validation is not None
            trials.append(env.last.validation.trials)
        assert trials[0] == trials[1] == trials[2]

    def test_split_seed_moves_every_split(self) -> None:
        """Another ``split_seed`` gives other instances, in every split."""
        tasks = [self.core(split_seed=seed).task for seed in (0, 1)]
        for split in SPLITS:
            a, b = ([task.seed(instance) for instance in task.instances(split)] for task in tasks)
            assert a != b

    # --- the task's own facts

    def test_starts(self) -> None:
        """Every start keeps its own contracts, and gives a run that begins without a failure."""
        starts = self.core().task.starts()
        assert self.core().task.default_start in starts
        for start in starts:
            if self.core().task.starting_artifact(start).asks_model and self.core().task.model is None:
                continue  # whoever has a model at hand may name it in ``parameters``
            env = self.core(start=start)
            for component in env.start.components:
                if component.kind == "python":
                    text = env.start.texts[component.name]
                    assert check_contract(component.name, component.signature, text) is None, start
            observation, info = env.reset(seed=0)
            assert info["outcome"] == "ok", f"{start}: {observation['feedback']}"
            assert env.observation_space.contains(observation), start

    def test_protocols(self) -> None:
        """Every protocol makes an environment; ``default`` and ``paper`` are among them."""
        protocols = self.core().task.protocols
        assert {"default", "paper"} <= set(protocols)
        for protocol in protocols:
            metric = self.core(protocol=protocol).task.metric
            # A protocol may end runs at a score of its own.
            assert dataclasses.replace(metric, solved=None) == dataclasses.replace(self.core().task.metric, solved=None)

    def test_metric(self) -> None:
        """Floor and reference lie within the bounds, in this order of merit, and say where they come from."""
        metric = self.core().task.metric
        low, high = metric.bounds
        assert -math.inf < low < high < math.inf
        assert metric.better(metric.high, metric.low)
        assert metric.better(metric.reference, metric.floor)
        assert low <= metric.floor <= high
        assert low <= metric.reference <= high
        assert metric.solved is None or metric.is_solved(metric.high)
        assert not metric.is_solved(metric.low)
        assert {"floor", "reference"} <= set(metric.sources)

    def test_unknown_keyword(self) -> None:
        """A keyword that nobody knows is a TypeError that names the nearest."""
        with pytest.raises(TypeError, match=re.escape("'batch_size'")):
            self.make(batch_sise=2)

    def test_context_tells_the_contracts(self) -> None:
        """The problem context names every component and shows the workflow; less of it is never more."""
        lengths = []
        for context in ("full", "goal", "none"):
            env = self.core(context=context)
            assert all(f"`{component.name}`" in env.context for component in env.start.components)
            assert env.start.workflow.strip() in env.context
            lengths.append(len(env.context))
        assert lengths[0] >= lengths[1] > lengths[2]

    def test_first_score(self) -> None:
        """The first score and the best are those of the whole validation split, as the task scores it."""
        env = self.core(score_split="validation", feedback_horizon="episode")
        observation, _ = env.reset(seed=0)
        assert env.last.validation is not None
        trials = env.last.validation.trials
        assert [trial.instance for trial in trials] == env.task.instances("validation")
        assert observation["score"][0] == observation["best_score"][0] == env.task.score(trials)

    def _needs_determinism(self, env: gym.Env[Any, Any]) -> None:
        if not self._is_deterministic(env):
            pytest.skip("registered as nondeterministic")

    def _is_deterministic(self, env: gym.Env[Any, Any]) -> bool:
        assert env.spec is not None
        assert env.spec.nondeterministic is not _core(env).task.deterministic
        return not env.spec.nondeterministic


def counting_calls(name: str, text: str) -> str:
    """A component that counts its calls in a module global and fails at the 40th, with a message that holds all that
    could differ from process to process: the order of a set, an address, random numbers."""
    return f"""{text}

import random

_calls_of_{name} = []
_plain_{name} = {name}


def {name}(*arguments):
    _calls_of_{name}.append(random.random())
    if len(_calls_of_{name}) >= 40:
        raise RuntimeError(f"{{sum(_calls_of_{name})}} {{set('unordered')}} {{object()}}")
    return _plain_{name}(*arguments)
"""


@cache
def _fresh_run(request: str, workers: int) -> FreshRun:
    id, parameters, edits = json.loads(request)
    return run_in_fresh_process(id, parameters, edits, seed=7, workers=workers)


def _core(env: gym.Env[Any, Any]) -> OptimizationEnv:
    assert isinstance(env.unwrapped, OptimizationEnv)
    return env.unwrapped


def _with_other_letters(env: gym.Env[Any, Any]) -> dict[str, str]:
    """The starting texts with an end that is not ASCII."""
    core = _core(env)
    marks = {c.name: "\n# é漢\U0001f3ae\n" if c.kind == "python" else " é漢\U0001f3ae" for c in core.start.components}
    return {name: core.start.texts[name] + marks[name] for name in core.editable}


def _one_of(batched: Any, number: int) -> Any:
    """One environment's observation out of a vector environment's."""
    if isinstance(batched, Mapping):
        return {key: _one_of(value, number) for key, value in batched.items()}
    assert isinstance(batched, Sequence | np.ndarray)
    return batched[number]
