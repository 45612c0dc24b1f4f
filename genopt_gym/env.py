"""OptimizationEnv: one step is one edit of an artifact, the observation is the evidence its run left."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping
from typing import Any, Unpack

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from genopt_gym.core import actions, drawing
from genopt_gym.core.acceptance import RULES
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.metric import Metric
from genopt_gym.core.one_at_a_time import OneAtATime, one_at_a_time
from genopt_gym.core.parameters import Parameters, ViewChange
from genopt_gym.core.sampling import BatchSampler
from genopt_gym.core.spaces import Edits
from genopt_gym.evaluation import Batch, BudgetSpent, Evaluator
from genopt_gym.feedback import observed_metric, problem_context
from genopt_gym.observation import Observation, Observer, as_observed, last_frame, observation_space
from genopt_gym.run_state import RunState, StepResult
from genopt_gym.selection import Candidate, Ranking, confirmed_count

Action = Mapping[str, str] | str


class OptimizationEnv(gym.Env[Observation, Action]):
    r"""A learning loop as an environment.

    Args:
        task: ``module:Class`` of the task.
        render_mode: ``ansi`` (the loop in words) or ``rgb_array`` (its score curve, and a frame of the last trial
            where the task has a screen).
        **parameters: see ``Parameters``; ``protocol``; and what the task's constructor takes.

    The action is a mapping from component names to new texts, or a text (``core.edit.parse_edit``). An observation has

    - ``context``: objective, contracts and workflow;
    - ``artifact``: component to text, as it stands now;
    - ``trace`` and ``feedback``: the evidence of this step's train batch, and words;
    - ``score`` and ``best_score``: float64 arrays of shape (1,), within the metric's bounds.

    ``info`` holds ``outcome`` (of the edit), ``accepted``, ``artifact`` (content id of the artifact the evidence is
    about), ``score`` and ``best_score`` as plain floats, ``horizon_shown``, ``trials`` (this step's train trials as
    plain data) and ``truncated_by``.

    >>> env = gym.make("GenOpt/Control-CartPole-v0", start="one_function/naive")
    >>> obs, info = env.reset(seed=0)
    >>> better = "def policy(obs):\n    return 1 if obs['pole_angle'] + obs['pole_velocity'] > 0 else 0"
    >>> obs, reward, terminated, truncated, info = env.step({"policy": better})
    >>> info["outcome"], reward > 0
    ('ok', True)
    """

    action_space: Edits
    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 2}  # noqa: RUF012
    observer: type[Observer] = Observer
    """Says what a step showed; who replays a run only to look at its evidence takes one that renders no trace."""

    def __init__(self, task: str, render_mode: str | None = None, **parameters: Any) -> None:
        modes = self.metadata["render_modes"]
        if render_mode not in (None, *modes):
            raise ParameterError(f"render_mode={render_mode!r} is not one of {', '.join(modes)}", "render_mode")
        self.render_mode = render_mode
        self.parameters, spec = Parameters.resolve(task, parameters)
        p = self._made_with = self.parameters
        self.evaluator = Evaluator(spec.dated(p.trace_window), budget=p.budget)
        self.task = self.evaluator.task
        self.start = self.task.starting_artifact(str(p.start))
        if self.start.asks_model and self.task.model is None:
            raise ParameterError(
                f"the artifact of start={p.start!r} asks a model: name it, as in model='local/smollm2'", "start"
            )
        self.editable = actions.editable_names(p.editable, self.start)
        self.confirm = confirmed_count(self.task, p)
        """How many of the best artifacts are run again when a run's loop has ended."""
        self.view = p.view
        self.context = problem_context(self.task, self.start, p)
        for words in self.task.cautions():
            gym.logger.warn(words)
        self.observation_space = observation_space(self.metric, self.start, self.context, p.max_trace_chars)
        self.action_space = Edits({name: self.start.texts[name] for name in self.editable}, actions.MAX_TEXT_CHARS)
        self._rule = RULES.make(p.accept)
        self._run: RunState | None = None
        self.guard = OneAtATime("another thread is using this environment: make one for each thread")

    @one_at_a_time
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a run.

        Args:
            seed: orders the train trials.
            options: ``{"artifact": {component: text}}`` starts from these texts instead.

        Raises:
            ValueError: an option that there is not, or a text that is none.
            BudgetSpent: the budget does not allow the first evaluation.
        """
        super().reset(seed=seed)
        start = self.start.edited(actions.starting_texts(options or {}, self.start))
        p = self.parameters = self._made_with
        self.view = p.view
        sampler = BatchSampler(self.task, p.batch_size, p.batch_sampler, p.trial_start, self.np_random)
        # Drawn from the generator's state, not from the generator: that orders the train trials.
        self._rule.reset(zlib.crc32(repr(self.np_random.bit_generator.state).encode()))
        result = self._evaluate(start, EditOutcome.OK, sampler)
        self._run = RunState.begun_with(result, sampler, self.metric, Ranking(self.task.metric, max(self.confirm, 1)))
        return self._observe(self._run, None, None)

    @one_at_a_time
    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply one edit, run the artifact, and look at the evidence. No edit raises.

        Returns:
            Observation, reward, terminated (solved on validation), truncated (a budget is spent) and info.
        """
        run = self._begun()
        previous, spent = run.last.score, None
        edit, problem = actions.read_action(action, run.artifact, self.editable)
        if problem is not None:
            run.last = run.not_run(*problem)
        else:
            try:
                run.last = self._try(run, edit)
            except BudgetSpent as refusal:
                spent = refusal
                run.last = run.not_run(EditOutcome.BUDGET_SPENT, f"It was not evaluated: {refusal}.")
        result, metric = run.last, self.metric
        reward = run.reward(self.parameters.reward, metric, previous)
        run.compare(metric)
        terminated = result.validation is not None and self.task.metric.is_solved(result.validation.score)
        spent = None if terminated else spent or self._spent()
        truncated_by = None if spent is None else f"budget of {spent.what}"
        observation, info = self._observe(run, previous, truncated_by)
        return observation, reward, terminated, truncated_by is not None, info

    def set_view(self, **change: Unpack[ViewChange]) -> None:
        """Change what the next steps show, until the next ``reset``: for wrappers that let the agent choose.

        Args:
            **change: ``credit_horizon``, ``trace_window`` and ``batch_size``, each optional, as in ``gym.make``.

        Raises:
            ValueError: a value that is not allowed; nothing is changed then.
            TypeError: another parameter.

        >>> env = gym.make("GenOpt/Control-CartPole-v0", start="one_function/naive", credit_horizon=20)
        >>> _ = env.reset(seed=0)
        >>> env.unwrapped.set_view(credit_horizon=3, trace_window="last")
        >>> env.step({})[4]["horizon_shown"]
        3
        """
        run = self._begun()
        if unknown := change.keys() - ViewChange.__annotations__.keys():
            raise TypeError(f"set_view changes {', '.join(ViewChange.__annotations__)}, not {min(unknown)}")
        changed = dataclasses.replace(self.parameters, **change)
        run.sampler.resize(changed.batch_size)
        self.parameters, self.view = changed, changed.view

    @property
    def view_changes(self) -> dict[str, Any]:
        """What ``set_view`` has changed, with the values that hold now."""
        names = ViewChange.__annotations__
        return {n: now for n in names if (now := getattr(self.parameters, n)) != getattr(self._made_with, n)}

    def limit_trace(self, max_trace_chars: int) -> None:
        """Show traces of at most so many characters, from the next ``reset`` on: as if it had been passed."""
        self._made_with = dataclasses.replace(self._made_with, max_trace_chars=max_trace_chars)
        self.parameters = dataclasses.replace(self.parameters, max_trace_chars=max_trace_chars)
        self.observation_space = observation_space(self.metric, self.start, self.context, max_trace_chars)
        if self.spec is not None:
            self.spec.kwargs["max_trace_chars"] = max_trace_chars

    def render(self) -> str | NDArray[np.uint8] | None:
        """The loop so far as ``render_mode`` asks: text, or an RGB picture of shape (height, width, 3)."""
        if self.render_mode == "ansi":
            return drawing.as_text(self.history, self.metric)
        if self.render_mode == "rgb_array":
            return drawing.as_image(self.history, self.metric, last_frame(self.task, self.last))
        return None

    @property
    def metric(self) -> Metric:
        """What observed scores and rewards mean: under ``feedback_horizon="credit"`` those of windows alone."""
        return observed_metric(self.task, self.parameters)

    @property
    def artifact(self) -> Artifact:
        """The artifact as it stands."""
        return self._begun().artifact

    @property
    def best(self) -> tuple[Artifact, float]:
        """The artifact with the best validation score of this run, and that score."""
        return self.candidates[0].artifact, self.candidates[0].validation_score

    @property
    def candidates(self) -> list[Candidate]:
        """The best artifacts by validation, the best first: as many as are to be confirmed, at least one."""
        return list(self._begun().ranking.candidates)

    @property
    def first(self) -> StepResult:
        """Of the starting artifact."""
        return self._begun().first

    @property
    def last(self) -> StepResult:
        """Of the last step, or of ``reset``."""
        return self._begun().last

    @property
    def history(self) -> list[tuple[str, float, float]]:
        """Outcome, score and best score of every step since ``reset``, and of that."""
        return [] if self._run is None else self._run.history

    def refusal(self, texts: Mapping[str, str]) -> actions.Refusal | None:
        """Why the artifact with these texts would not even be run, if so."""
        artifact = self._begun().artifact
        problem = actions.addressing_problem(texts, artifact, self.editable)
        return problem or actions.not_runnable(artifact.edited(texts), self.start, self.editable)

    def foreseen_batches(self, count: int) -> list[Batch]:
        """The train batches of the next steps, as far as they do not depend on trials still to be run."""
        return [Batch(batch, self.view) for batch in self._begun().sampler.foreseen(count)]

    def check_budget(self) -> None:
        """Raise BudgetSpent unless the budget allows another step."""
        held = self.parameters.batch_size * (2 if self._rule.runs_current else 1)
        trials = held + len(self.task.instances("validation"))
        self.evaluator.budget.check(trials=trials, inner_steps=trials * self.task.max_inner_steps)
        self.evaluator.budget.check_models()

    def validation_score(self, result: StepResult) -> float:
        """What selection goes by: the lowest score for an artifact that could not be run."""
        return result.validation_score(self.task.metric)

    def _begun(self) -> RunState:
        if self._run is None:
            raise gym.error.ResetNeeded("no run has begun: call reset first")
        return self._run

    def _try(self, run: RunState, edit: Mapping[str, str]) -> StepResult:
        """Run an edit that could be read, and decide whether it stays."""
        artifact = run.artifact.edited(edit)
        unchanged = artifact.id == run.artifact.id
        result = self._evaluate(artifact, EditOutcome.UNCHANGED if unchanged else EditOutcome.OK, run.sampler)
        result = dataclasses.replace(result, accepted=unchanged or self._accepts(run, result))
        if result.accepted:
            run.adopt(result)
        run.rank(result)
        return result

    def _evaluate(self, artifact: Artifact, outcome: str, sampler: BatchSampler) -> StepResult:
        """Check an artifact, and evaluate it on the next train batch and on validation."""
        if problem := actions.not_runnable(artifact, self.start, self.editable):
            return StepResult(artifact, *problem, score=self.task.metric.worst)
        more = None if artifact.asks_model else lambda new: self.evaluator.evaluate(artifact, new, self.view).trials
        with sampler.returned_on_error():
            batches = [Batch(sampler.draw(), self.view), Batch(self.task.instances("validation"))]
            train, validation = self.evaluator.evaluate_batches(artifact, batches)
            train = self.evaluator.pooled(sampler.pick(train.trials, more))
        batch = [trial.instance for trial in train.trials]
        train, score, failure = as_observed(self.parameters, train, validation)
        if failure is not None:
            outcome = failure.outcome
        return StepResult(artifact, outcome, "", batch, train, validation, score, failure=failure)

    def _accepts(self, run: RunState, result: StepResult) -> bool:
        def current_train_score() -> float:
            return self.evaluator.evaluate(run.artifact, result.batch, self.view).window_score

        return bool(self._rule.accepts(run.tried(result, self.task.metric, current_train_score)))

    def _spent(self) -> BudgetSpent | None:
        """Which budget does not allow another step, if any."""
        try:
            self.check_budget()
        except BudgetSpent as spent:
            return spent
        return None

    def _observe(
        self, run: RunState, previous: float | None, truncated_by: str | None
    ) -> tuple[Observation, dict[str, Any]]:
        run.note()
        observer = self.observer(self.task, self.context, self.parameters, self.view)
        return observer.observe(run, previous, truncated_by)
