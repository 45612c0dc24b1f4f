"""The same seed and edits say the same, and copies go their own ways."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence

import pytest

from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.testing.tasks.base import TaskSuite, counting_calls
from genopt_gym.testing.transcript import digest, transcript


class Determinism(TaskSuite):
    """Part of ``TaskConformance``; each method is one requirement, told in its docstring."""

    def test_same_seed_and_edits_say_the_same(self) -> None:
        """Observations, rewards and infos are the same bytes in any process, with one worker and with two.

        The edits include components that keep module globals, and whose behaviour depends on them.
        """
        env = self.make(max_episode_steps=1000)
        self.needs_determinism(env)
        here = transcript(env, self.edits(), seed=7)
        with_one, with_two = self.fresh_runs()
        assert with_one.digests == here
        assert with_two.digests == here

    def test_trials_do_not_depend_on_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A trial is the same whatever its worker has run before, and whatever shares its block."""
        env = self.core()
        self.needs_determinism(env)
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
        self.needs_determinism(env)
        env.reset(seed=1)
        env.step(edits[1])
        twin = pickle.loads(pickle.dumps(env))
        for edit in edits[2:5]:
            assert digest(twin.step(edit)) == digest(env.step(edit))

    def test_deepcopy(self) -> None:
        """Copies of an environment are forks of the run: each goes its own way, on the same evaluator."""
        edits = self.edits()
        env, control = self.make(max_episode_steps=1000), self.make(max_episode_steps=1000)
        self.needs_determinism(env)
        env.reset(seed=1)
        control.reset(seed=1)
        fork = copy.deepcopy(env)
        assert optimization_env(fork).evaluator is optimization_env(env).evaluator
        assert digest(fork.step(edits[1])) == digest(env.step(edits[1]))
        fork.step(dict.fromkeys(optimization_env(fork).editable, "def ("))
        control.step(edits[1])
        for edit in edits[2:4]:
            assert digest(env.step(edit)) == digest(control.step(edit))
