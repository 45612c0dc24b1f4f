"""A task over somebody's own examples: each trial is one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from genopt_gym.core.errors import ContractBroken, ParameterError
from genopt_gym.core.evidence import Instance
from genopt_gym.core.scored import Scored
from genopt_gym.envs.function import FunctionTask, model_use
from genopt_gym.envs.own.graders import GRADERS, MAX_ANSWER_CHARS, Asked, Grader, make_grader
from genopt_gym.envs.own.rows import OwnExample, need_columns, read_examples, rows_told
from genopt_gym.envs.own.splitting import split_examples
from genopt_gym.envs.own.trial import Workflow
from genopt_gym.sandbox.session import Session
from genopt_gym.wrapping import load, short_name


class ExampleTask(FunctionTask):
    """What a function or a grader scores on examples of the user's own. A trial is one example.

    The examples stay in the trusted worker: the artifact gets what the function, or the workflow's parameters, pass on.

    Args:
        function: ``module:name`` of ``function(workflow, example)``, or its source; or a grader: its name, or
            ``{"grader": name, ...}`` with what it takes.
        data: examples: a list of objects from column to value, or the path of a CSV or JSONL file.
        answer: column of the expected answer; the artifact never gets it, ``feedback=["answer"]`` tells it for train.
        split: column that names each example's split; nothing is drawn then.
        stratify: column whose values are spread over the splits as they are over all examples.
        train_size: how many examples train has, or which share of all; a half if no size is given.
        validation_size: the same of validation; a quarter.
        test_size: the same of test; a quarter.
        split_seed: orders the examples before they are cut.
        low: the worst score; 0 with a grader.
        high: the best score; 1 with a grader.
        **more: as for ``FunctionTask``.
    """

    has_fresh_instances: ClassVar[bool] = False
    """Those of confirmation would have to come from test."""

    def __init__(
        self,
        *,
        function: str | Mapping[str, Any],
        data: Any,
        answer: str = "answer",
        split: str | None = None,
        stratify: str | None = None,
        train_size: int | float | None = None,
        validation_size: int | float | None = None,
        test_size: int | float | None = None,
        split_seed: int = 0,
        low: float | None = 0,
        high: float | None = 1,
        **more: Any,
    ) -> None:
        self._grader: Grader | None = None
        examples = read_examples(data)
        content = [name for name in examples[0].values if name not in (answer, split)]
        sizes = {"train": train_size, "validation": validation_size, "test": test_size}
        cut = {"seed": split_seed, "content": content or [answer], "stratify": stratify, "column": split, "data": data}
        self._examples = split_examples(examples, sizes, **cut)
        self._answer = answer
        counts = {f"{name}_size": len(found) for name, found in self._examples.items()}
        if more.get("name") is None and not _is_function(function):
            more["name"] = make_grader(function)[1].score_name
        super().__init__(function=function, low=low, high=high, split_seed=split_seed, **counts, **more)  # type: ignore[arg-type]
        if self._grader is not None:
            self.max_inner_steps = 1
            self._check(self._grader, examples, data)

    @classmethod
    def files(cls, arguments: Mapping[str, Any]) -> Sequence[str]:
        data = arguments.get("data")
        return [data] if isinstance(data, str) else []

    def answer(self, instance: Instance) -> str | None:
        """The expected answer of a train example; of no other."""
        values = self.example(instance).values
        return str(values[self._answer]) if instance.split == "train" and self._answer in values else None

    def example(self, instance: Instance) -> OwnExample:
        """The example of a trial."""
        return self._examples[instance.split][instance.index]

    def _check(self, grader: Grader, examples: Sequence[OwnExample], data: Any) -> None:
        """ParameterError unless a grader can hold answers against all examples."""
        inputs = self._inputs
        if self._answer in inputs:
            raise ParameterError(f"the workflow takes {self._answer!r}, the expected answer: leave it out", "workflow")
        if not inputs:
            raise ParameterError("the workflow takes nothing: its parameters are the columns that it needs", "workflow")
        need_columns(examples, inputs, "the workflow takes", data)
        need_columns(examples, [self._answer], "answer= names as the expected answer", data)
        problems = {each.row: problem for each in examples if (problem := grader.problem(each.values[self._answer]))}
        if problems:
            first = next(iter(problems.values()))
            told = rows_told(list(problems), "has", "have")
            raise ParameterError(f"{told} an expected answer that the grader {self._name} cannot read: {first}", "data")

    def _scorer(self, function: Any) -> tuple[str, Callable[..., Any]]:
        is_grader = isinstance(function, Mapping) or function in GRADERS or not _is_function(function)
        if not is_grader:
            return short_name(function), load(function)
        name, self._grader = make_grader(function)
        if self._grader.needs_judge:
            judge: Any = self._grader
            self.judge = model_use("function", judge.model, judge.base_url)
        grader = self._grader

        def graded() -> None: ...

        graded.__doc__ = (
            f"Improve the components so that more examples are answered right. An answer counts if {grader.counts}."
        )
        return name, graded

    def _score(self, workflow: Workflow, instance: Instance, session: Session) -> Any:
        example = self.example(instance)
        if self._grader is None:
            return self._function(workflow, dict(example.values))
        answer = workflow(*(example.values[name] for name in self._inputs))
        if not isinstance(answer, str | int | float):
            raise ContractBroken(f"the workflow returned {answer!r:.100}, but an answer is a text (str) or a number")
        beside = {name: value for name, value in example.values.items() if name != self._answer}
        asked = Asked(example.values[self._answer], beside, self._told(instance), session.judge)
        score, words = self._grader.grade(str(answer)[:MAX_ANSWER_CHARS], asked)
        return Scored(score, feedback=words)

    def _told(self, instance: Instance) -> str:
        return f"{instance} (row {self.example(instance).row})"


def _is_function(function: Any) -> bool:
    return isinstance(function, str) and (":" in function or "\n" in function)
