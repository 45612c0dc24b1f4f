"""What a task says of itself: starts, protocols, metric, context."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest

from genopt_gym.core.edit import check_contract
from genopt_gym.testing.tasks.base import TaskSuite


class StatedFacts(TaskSuite):
    """Part of ``TaskConformance``; each method is one requirement, told in its docstring."""

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
        assert metric.better(metric.best, metric.worst)
        assert metric.better(metric.reference, metric.floor)
        assert low <= metric.floor <= high
        assert low <= metric.reference <= high
        assert metric.solved is None or metric.is_solved(metric.best)
        assert not metric.is_solved(metric.worst)
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
