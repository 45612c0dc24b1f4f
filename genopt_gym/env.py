"""OptimizationEnv: one step is one edit of an artifact, the observation is the evidence its run left."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from genopt_gym.core import drawing
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.edit import EditOutcome, UnparsableEdit, check_contract, parse_edit
from genopt_gym.core.evidence import View
from genopt_gym.core.parameters import Parameters
from genopt_gym.core.sampling import BatchSampler
from genopt_gym.core.spaces import Edits, Unicode
from genopt_gym.core.trace import render
from genopt_gym.evaluation import Batch, BudgetSpent, Evaluation, Evaluator
from genopt_gym.feedback import MAX_FEEDBACK_CHARS, feedback, problem_context

MAX_TEXT_CHARS = 20_000
"""Longest text of one component."""

Observation = dict[str, Any]
Action = Mapping[str, str] | str


@dataclass(frozen=True)
class StepResult:
    """What became of one edit."""

    artifact: Artifact
    outcome: EditOutcome
    message: str = ""
    train: Evaluation | None = None
    validation: Evaluation | None = None
    score: float = 0.0
    """As observed."""
    accepted: bool = True


class OptimizationEnv(gym.Env[Observation, Action]):
    """A learning loop as an environment.

    Args:
        task: ``module:Class`` of the task.
        render_mode: ``ansi`` (the loop in words) or ``rgb_array`` (its score curve, and a frame of the last trial
            where the task has a screen).
        **parameters: see ``Parameters``; ``protocol``; and what the task's constructor takes.

    The action is a mapping from component names to new texts, or a string that holds an edit in one of the forms
    of ``genopt_gym.core.edit.parse_edit``. An observation has

    - ``context``: objective, contracts and workflow;
    - ``artifact``: component to text, as it stands now;
    - ``trace`` and ``feedback``: the evidence of this step's train batch, and words;
    - ``score`` and ``best_score``: float64 arrays of shape (1,), within the metric's bounds.

    ``info`` holds ``outcome`` (of the edit), ``accepted``, ``artifact`` (content id of the artifact the evidence is
    about), ``horizon_shown``, ``trials`` (this step's train trials as plain data) and ``truncated_by``.

    >>> env = gym.make("GenOpt/Control-CartPole-v0", start="one_function/naive")
    >>> obs, info = env.reset(seed=0)
    >>> better = "def policy(obs):\\n    return 1 if obs['pole_angle'] + obs['pole_velocity'] > 0 else 0"
    >>> obs, reward, terminated, truncated, info = env.step({"policy": better})
    >>> info["outcome"], reward > 0
    ('ok', True)
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 2}  # noqa: RUF012

    def __init__(self, task: str, render_mode: str | None = None, **parameters: Any) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode={render_mode!r} is not one of {', '.join(self.metadata['render_modes'])}")
        self.render_mode = render_mode
        self.parameters, spec = Parameters.resolve(task, parameters)
        self.evaluator = Evaluator(spec, budget=self.parameters.budget)
        self.task = self.evaluator.task
        p, metric = self.parameters, self.task.metric
        assert p.start is not None
        self.start = self.task.starting_artifact(p.start)
        if self.start.asks_model and self.task.model is None:
            raise ValueError(f"the artifact of start={p.start!r} asks a model: name it, as in model='local/smollm2'")
        names = [component.name for component in self.start.components]
        for name in p.editable or ():
            if name not in names:
                raise ValueError(f"editable names {name!r}, but the components are {', '.join(names)}")
        self.editable = tuple(names if p.editable is None else p.editable)
        self.view = View(p.credit_horizon, p.trace_window, keep_actions=p.trial_start == "continue")
        self.context = problem_context(self.task, self.start, p)
        self._warn_of_cuts()
        low, high = metric.bounds
        box = spaces.Box(low, high, (1,), np.float64)
        self.observation_space = spaces.Dict(
            {
                "context": Unicode(len(self.context)),
                "artifact": spaces.Dict({name: Unicode(MAX_TEXT_CHARS) for name in names}),
                "trace": Unicode(p.max_trace_chars),
                "feedback": Unicode(MAX_FEEDBACK_CHARS),
                "score": box,
                "best_score": box,
            }
        )
        self.action_space = Edits({name: self.start.texts[name] for name in self.editable}, MAX_TEXT_CHARS)
        self.history: list[tuple[str, float, float]] = []
        """Outcome, score and best score of every step since ``reset``."""
        self.first: StepResult
        """Of the starting artifact of this run."""
        self.last: StepResult
        """Of the last step."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a run.

        Args:
            seed: orders the train trials.
            options: ``{"artifact": {component: text}}`` starts from these texts instead.
        """
        super().reset(seed=seed)
        options = dict(options or {})
        texts = options.pop("artifact", {})
        if not isinstance(texts, Mapping):
            raise ValueError(f"options['artifact'] is a mapping from components to texts, not a {type(texts).__name__}")
        if options:
            raise ValueError(f"reset knows the option 'artifact', not {', '.join(map(repr, options))}")
        if problem := self._addressing_problem(texts, self.start.texts):
            raise ValueError(f"options['artifact']: {problem[1]}")
        p = self.parameters
        self._sampler = BatchSampler(self.task, p.batch_size, p.batch_sampler, p.trial_start, self.np_random)
        result = self._evaluate(self.start.edited(texts), EditOutcome.OK)
        self._artifact, self._current = result.artifact, result
        self._best_score = result.score
        self._baseline = max(self.task.metric.normalise(result.score), 0.0)
        self._selected = self.first = result
        self.history = []
        return self._observe(result, None), self._info(result)

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply one edit, run the artifact, and look at the evidence. No edit raises."""
        previous = self.last.score
        edit, problem = self._read(action)
        if problem is not None:
            outcome, message = problem
            result = StepResult(self._artifact, outcome, message, score=self._current.score, accepted=False)
        else:
            try:
                result = self._try(edit)
            except BudgetSpent as refused:
                words, score = f"It was not evaluated: {refused}.", self._current.score
                result = StepResult(self._artifact, EditOutcome.UNCHANGED, words, score=score, accepted=False)
        reward = self._reward(result.score, previous)
        if self.task.metric.better(result.score, self._best_score):
            self._best_score = result.score
        validation = result.validation
        terminated = validation is not None and self.task.metric.is_solved(validation.score)
        spent = None if terminated else self._spent()
        observation = self._observe(result, previous)
        return observation, reward, terminated, spent is not None, self._info(result, spent)

    def render(self) -> str | NDArray[np.uint8] | None:
        if self.render_mode == "ansi":
            return drawing.as_text(self.history, self.task.metric)
        if self.render_mode == "rgb_array":
            return drawing.as_image(self.history, self.task.metric, self._frame())
        return None

    @property
    def artifact(self) -> Artifact:
        """The artifact as it stands."""
        return self._artifact

    @property
    def best(self) -> tuple[Artifact, float]:
        """The artifact with the best validation score of this run, and that score."""
        return self._selected.artifact, self.validation_score(self._selected)

    def refusal(self, texts: Mapping[str, str]) -> tuple[EditOutcome, str] | None:
        """Why the artifact with these texts would not even be run, if so."""
        problem = self._addressing_problem(texts, dict.fromkeys(self.editable, ""))
        return problem or _broken_contract(self._artifact.edited(texts))

    def _read(self, action: Any) -> tuple[dict[str, str], tuple[EditOutcome, str] | None]:
        """The edit in an action, or why there is none."""
        current = {name: self._artifact.texts[name] for name in self.editable}
        if isinstance(action, str):
            try:
                action = parse_edit(action, current)
            except UnparsableEdit as error:
                return {}, (EditOutcome.UNPARSABLE, str(error))
        if not isinstance(action, Mapping):
            words = (
                f"an edit is a mapping from component names to texts, or a string; this is a {type(action).__name__}"
            )
            return {}, (EditOutcome.UNPARSABLE, words)
        return dict(action), self._addressing_problem(action, current)

    def _addressing_problem(
        self, edit: Mapping[Any, Any], editable: Mapping[str, str]
    ) -> tuple[EditOutcome, str] | None:
        """Why an edit does not lie in the action space."""
        for name, text in edit.items():
            if name not in self._names:
                near = difflib.get_close_matches(str(name), self._names, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self._names)}."
                return EditOutcome.UNPARSABLE, f"There is no component {str(name)[:100]!r}; {hint}"
            if name not in editable:
                return EditOutcome.FORBIDDEN, f"{name} cannot be edited; you may edit {', '.join(editable)}."
            if not isinstance(text, str):
                return (
                    EditOutcome.UNPARSABLE,
                    f"The text of {name} must be a string, not a {type(text).__name__}.",
                )
            if len(text) > MAX_TEXT_CHARS:
                words = f"The text of {name} has {len(text):,} characters; at most {MAX_TEXT_CHARS:,} are allowed."
                return EditOutcome.CONTRACT_BROKEN, words
            if text != text.encode("utf-8", "ignore").decode():
                return EditOutcome.CONTRACT_BROKEN, f"The text of {name} holds half a character (a lone surrogate)."
        return None

    @property
    def _names(self) -> list[str]:
        return [component.name for component in self.start.components]

    def _try(self, edit: Mapping[str, str]) -> StepResult:
        """Run an edit that could be read, and decide whether it stays."""
        artifact = self._artifact.edited(edit)
        unchanged = artifact.id == self._artifact.id
        result = self._evaluate(artifact, EditOutcome.UNCHANGED if unchanged else EditOutcome.OK)
        result = dataclasses.replace(result, accepted=unchanged or self._accepts(result))
        if result.accepted:
            self._artifact, self._current = artifact, result
        if self.task.metric.better(self.validation_score(result), self.validation_score(self._selected)):
            self._selected = result
        return result

    def _evaluate(self, artifact: Artifact, outcome: EditOutcome) -> StepResult:
        """Check an artifact, and evaluate it on the next train batch and on validation."""
        if problem := _broken_contract(artifact):
            return StepResult(artifact, *problem, score=self.task.metric.low)
        self._batch = self._sampler.draw()
        batches = [Batch(self._batch, self.view), Batch(self.task.instances("validation"))]
        train, validation = self.evaluator.evaluate_batches(artifact, batches)
        self._sampler.observe(train.trials)
        p = self.parameters
        if p.feedback_horizon == "credit":
            # From here on there is nothing but the windows; validation selects silently.
            train = Evaluation(
                [trial.within_window() for trial in train.trials], train.window_score, train.window_score
            )
            score, failure = train.score, train.failure
        else:
            score = (train if p.score_split == "train" else validation).score
            failure = train.failure or validation.failure
        if failure is not None:
            outcome = EditOutcome(failure.outcome)
        return StepResult(artifact, outcome, "", train, validation, score)

    def _accepts(self, result: StepResult) -> bool:
        mode, metric = self.parameters.accept, self.task.metric
        if mode == "always":
            return True
        if result.train is None or result.outcome is not EditOutcome.OK:
            return False
        if mode == "train":
            held = self.evaluator.evaluate(self._artifact, self._batch, self.view)
            return not metric.better(held.window_score, result.train.window_score)
        if mode == "validation":
            return not metric.better(self.validation_score(self._current), self.validation_score(result))
        return True

    def validation_score(self, result: StepResult) -> float:
        """What selection goes by: the lowest score for an artifact that could not be run."""
        return self.task.metric.low if result.validation is None else result.validation.score

    def _reward(self, score: float, previous: float) -> float:
        normalise, kind = self.task.metric.normalise, self.parameters.reward
        if kind == "improvement":
            rise = max(normalise(score) - self._baseline, 0.0)
            self._baseline += rise
            return rise
        return max(-1.0, normalise(score) - (normalise(previous) if kind == "delta" else 0.0))

    def _spent(self) -> str | None:
        """Which budget would not bear another step, if any."""
        p, task = self.parameters, self.task
        held = p.batch_size * (2 if p.accept == "train" else 1)
        trials = held + len(task.instances("validation"))
        try:
            self.evaluator.budget.check(trials=trials, inner_steps=trials * task.max_inner_steps)
            self.evaluator.budget.check_models()
        except BudgetSpent as spent:
            return f"budget of {spent.what}"
        return None

    def _observe(self, result: StepResult, previous: float | None) -> Observation:
        p = self.parameters
        self.last = result
        trials = result.train.trials if result.train else []
        trace = render(trials, self.view, p.max_trace_chars)
        self._horizon_shown = trace.horizon_shown
        shown = [(split, e) for split, e in (("train", result.train), ("validation", result.validation)) if e]
        if p.feedback_horizon == "credit" or p.score_split == "train":
            shown = [(split, evaluation) for split, evaluation in shown if split == "train"]
        words = feedback(
            self.task,
            p,
            outcome=result.outcome,
            message=result.message,
            accepted=result.accepted,
            score=result.score,
            previous_score=previous,
            shown=shown,
        )
        self.history.append((str(result.outcome), result.score, self._best_score))
        return {
            "context": self.context,
            "artifact": {name: self._artifact.texts[name] for name in self._names},
            "trace": trace.text,
            "feedback": words,
            "score": np.array([result.score], np.float64),
            "best_score": np.array([self._best_score], np.float64),
        }

    def _info(self, result: StepResult, spent: str | None = None) -> dict[str, Any]:
        return {
            "outcome": str(result.outcome),
            "accepted": result.accepted,
            "artifact": result.artifact.id,
            "horizon_shown": self._horizon_shown,
            "trials": [trial.plain() for trial in result.train.trials] if result.train else [],
            "truncated_by": spent,
        }

    def _frame(self) -> NDArray[np.uint8] | None:
        if self.last.train is None:
            return None
        trial = self.last.train.trials[0]
        start = len(trial.instance.prefix)
        actions = [event.action for event in trial.events if event.action is not None]
        if not trial.events or trial.events[0].step != start:
            return None
        actions = [*trial.instance.prefix, *actions]
        frames = self.task.film(trial.instance, actions, [len(actions)])
        return None if frames is None else next(frames)

    def _warn_of_cuts(self) -> None:
        p, task = self.parameters, self.task
        steps = min(p.credit_horizon or task.max_inner_steps, task.max_inner_steps)
        needed = steps * task.trace_row_chars * p.batch_size
        if needed > p.max_trace_chars:
            gym.logger.warn(
                f"A trace of {p.batch_size} x {steps} inner steps takes about {needed:,} characters and will be cut to "
                f"max_trace_chars={p.max_trace_chars:,}; info['horizon_shown'] tells how many steps remain."
            )


def _broken_contract(artifact: Artifact) -> tuple[EditOutcome, str] | None:
    for component in artifact.components:
        if component.kind == "python":
            problem = check_contract(component.name, component.signature, artifact.texts[component.name])
            if problem is not None:
                return problem
    return None
