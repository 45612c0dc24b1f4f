"""Train gives evidence, validation selects, test is hidden."""

from __future__ import annotations

import pytest

from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import CONFIRMATION, SPLITS
from genopt_gym.testing.tasks.base import TaskSuite


class Splits(TaskSuite):
    """Part of ``TaskConformance``; each method is one requirement, told in its docstring."""

    def test_splits_are_disjoint(self) -> None:
        """No two instances of different splits have the same seed."""
        task = self.core().task
        seeds = [{task.seed(instance) for instance in task.instances(split)} for split in (*SPLITS, CONFIRMATION)]
        assert all(seeds[: len(SPLITS)])
        assert len(set.union(*seeds)) == sum(map(len, seeds))

    def test_test_split_is_hidden(self) -> None:
        """The evaluator that an optimizer can reach refuses the test split, as a whole and by the instance."""
        env = self.core()
        for what in ("test", env.task.instances("test")[:1], [Instance("test", 0), Instance("train", 0)]):
            with pytest.raises(ValueError, match="hidden"):
                env.evaluator.evaluate(env.start, what)
        assert "test" not in env.evaluator.ledger.accounts

    def test_confirmation_split_is_hidden(self) -> None:
        """The evaluator that an optimizer can reach refuses the instances that its best artifacts are confirmed on."""
        env = self.core()
        for what in (CONFIRMATION, [Instance(CONFIRMATION, 0), Instance("train", 0)]):
            with pytest.raises(ValueError, match="hidden"):
                env.evaluator.evaluate(env.start, what)
        assert CONFIRMATION not in env.evaluator.ledger.accounts

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
        self.needs_determinism(env)
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
