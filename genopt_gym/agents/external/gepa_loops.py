"""GEPA's own loops, in a process of their own: ``gepa.optimize`` and ``gepa.optimize_anything``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gepa.api import optimize as gepa_optimize
from gepa.core.adapter import EvaluationBatch
from gepa.optimize_anything import EngineConfig, GEPAConfig, ReflectionConfig, optimize_anything

from genopt_gym.agents.external.bridge import Bridge
from genopt_gym.agents.external.gepa_agents import template
from genopt_gym.agents.trial_evaluator import EvaluatedTrial

Texts = dict[str, str]


class Loop:
    """What both have in common: proposals become steps, minibatches become trials."""

    def __init__(self, bridge: Bridge) -> None:
        start = self.start = bridge.start
        self._bridge = bridge
        self._proposed = self._cut_off = False
        self._parents: list[Texts] | None = None
        self.callbacks: list[Any] = [self]
        # Where validation selects silently, some train instances take its place.
        self.selecting = start.validation or start.train[: max(4, start.batch_size)]
        self.minibatch: int = min(start.options["minibatch"] or start.batch_size, len(start.train))
        # GEPA's own budget counts trials: those of an accepted proposal are the most that an edit takes.
        self.trials = ((start.updates or 1_000_000) + 1) * (2 * self.minibatch + len(self.selecting))

    def ask(self, prompt: str | list[dict[str, str]]) -> str:
        """GEPA's reflection model."""
        said = self._bridge.ask([{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt)
        self._cut_off = self._cut_off or said.truncated
        return said.text

    def on_proposal_start(self, event: Any) -> None:
        """GEPA's callback: which candidate it reflects on."""
        self._parents = [dict(event["parent_candidate"])]

    def on_proposal_end(self, event: Any) -> None:
        """GEPA's callback: what it evaluates next is a proposal, even if it had the same before."""
        self._proposed = True

    def score(self, texts: Texts, instances: Sequence[str]) -> list[EvaluatedTrial]:
        if self._proposed:
            cut_off, self._proposed, self._cut_off = self._cut_off, False, False
            if cut_off:
                # Not what the model wanted to say: it is not run, and GEPA drops it for its values.
                seen = self._bridge.step("The reply was cut off at max_tokens.", self._parents)
                low = self.start.lowest
                return [EvaluatedTrial(name, seen.outcome, seen.score, low, "", seen.feedback) for name in instances]
            self._bridge.step(texts, self._parents)
        return self._bridge.trials(texts, instances)


class Adapter:
    """GEPA's view of a task; see ``gepa.core.adapter.GEPAAdapter``."""

    propose_new_texts = None

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def evaluate(self, batch: list[str], candidate: Texts, capture_traces: bool = False) -> Any:
        trials = self._loop.score(candidate, batch)
        values = [trial.value for trial in trials]
        return EvaluationBatch(trials, values, trials if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: Texts, eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[dict[str, str]]]:
        records = [_record(trial) for trial in eval_batch.trajectories]
        return dict.fromkeys(components_to_update, records)


def optimize(bridge: Bridge) -> None:
    """``gepa.optimize``: reflection on minibatches, a Pareto frontier over validation instances."""
    loop = Loop(bridge)
    adapter: Any = Adapter(loop)
    gepa_optimize(
        seed_candidate=loop.start.seen.texts,
        trainset=loop.start.train,
        valset=loop.selecting,
        adapter=adapter,
        reflection_lm=loop.ask,
        candidate_selection_strategy=loop.start.options["selection"],
        module_selector=loop.start.options["components"],
        perfect_score=loop.start.highest,
        reflection_minibatch_size=loop.minibatch,
        reflection_prompt_template={name: template(loop.start.context, name) for name in loop.start.seen.texts},
        max_metric_calls=loop.trials,
        callbacks=loop.callbacks,
        seed=loop.start.seed,
    )


def optimize_anything_at_all(bridge: Bridge) -> None:
    """``gepa.optimize_anything``: the same engine behind an evaluator and an objective in words."""
    loop = Loop(bridge)

    def evaluate(pairs: Sequence[tuple[Texts, str]]) -> list[tuple[float, dict[str, str]]]:
        # GEPA hands over the pairs of one candidate after the other.
        trials = [trial for texts, names in _by_candidate(pairs) for trial in loop.score(texts, names)]
        return [(trial.value, _record(trial)) for trial in trials]

    optimize_anything(
        seed_candidate=loop.start.seen.texts,
        batch_evaluator=evaluate,
        dataset=loop.start.train,
        valset=loop.selecting,
        objective=loop.start.context,
        config=GEPAConfig(
            engine=EngineConfig(
                seed=loop.start.seed,
                max_metric_calls=loop.trials,
                candidate_selection_strategy=loop.start.options["selection"],
                parallel=False,
            ),
            reflection=ReflectionConfig(
                reflection_lm=loop.ask,
                reflection_minibatch_size=loop.minibatch,
                module_selector=loop.start.options["components"],
            ),
            callbacks=loop.callbacks,
        ),
    )


def _record(trial: EvaluatedTrial) -> dict[str, str]:
    return {"Trace": trial.trace, "Feedback": trial.feedback}


def _by_candidate(pairs: Sequence[tuple[Texts, str]]) -> list[tuple[Texts, list[str]]]:
    groups: list[tuple[Texts, list[str]]] = []
    for texts, name in pairs:
        if not groups or groups[-1][0] != texts:
            groups.append((texts, []))
        groups[-1][1].append(name)
    return groups
