"""``dspy.GEPA`` in a process of its own: components as a DSPy program's instructions, trials as its calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from genopt_gym.agents.external.bridge import Bridge
from genopt_gym.agents.external.dspy_agents import language_model
from genopt_gym.agents.external.gepa_loops import Loop, Texts
from genopt_gym.agents.trial_evaluator import EvaluatedTrial

GUIDANCE = (
    "{context}\n\nThe instruction is the text of one component of the program described above, Python code as a rule. "
    "The new instruction replaces it as it stands: the component's whole text, no Markdown fences, nothing else."
)


@dataclass(frozen=True)
class Instructions:
    """A component in place of a DSPy signature, which would take the indentation out of its instructions."""

    component: str
    instructions: str

    def with_instructions(self, instructions: str) -> Instructions:
        return replace(self, instructions=instructions)

    def equals(self, other: object) -> bool:
        return self == other


class DspyLoop(Loop):
    """DSPy calls its program trial by trial; the run evaluates batches, which cost less."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._batch: list[str] = []
        self._texts: Texts = {}
        self._trials: dict[str, EvaluatedTrial] = {}

    def on_evaluation_start(self, event: Any) -> None:
        """GEPA's callback before each minibatch; there is none before what selects."""
        self._batch = [example.trial for example in event["inputs"]]
        self._trials = {}

    def trial(self, texts: Texts, name: str) -> EvaluatedTrial:
        if texts != self._texts or name not in self._trials:
            batch = self._batch if name in self._batch else self.selecting
            self._texts, self._trials = texts, {trial.instance: trial for trial in self.score(texts, batch)}
        return self._trials[name]

    def proposal_failed(self) -> None:
        """DSPy could not read the reply: an edit of the run like any other."""
        self._cut_off = False
        self._bridge.step("DSPy found no instruction in the reply.")


def optimize(bridge: Bridge) -> None:
    """``dspy.GEPA.compile``."""
    import dspy

    loop = DspyLoop(bridge)
    start = loop.start

    def metric(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        return dspy.Prediction(score=pred.trial.value, feedback=pred.trial.feedback)

    optimizer = dspy.GEPA(
        metric=metric,
        max_metric_calls=loop.trials,
        reflection_minibatch_size=loop.minibatch,
        candidate_selection_strategy=start.options["selection"],
        component_selector=start.options["components"],
        reflection_lm=language_model(loop.ask),
        instruction_proposer=_proposer(loop),
        # A merger would be evaluated without being an edit.
        use_merge=False,
        num_threads=1,
        failure_score=start.lowest,
        perfect_score=start.highest,
        seed=start.seed,
        gepa_kwargs={"callbacks": loop.callbacks},
    )
    optimizer.compile(_program(loop), trainset=_examples(start.train), valset=_examples(loop.selecting))


def _program(loop: DspyLoop) -> Any:
    """A DSPy program with one predictor for each component; to call it is to run a trial of the artifact."""
    import dspy

    class Program(dspy.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.parts = {name: dspy.Predict("trial -> trace") for name in loop.start.seen.texts}
            for name, text in loop.start.seen.texts.items():
                self.parts[name].signature = Instructions(name, text)

        def forward(self, trial: str) -> Any:
            seen = loop.trial({name: part.signature.instructions for name, part in self.parts.items()}, trial)
            for name, part in self.parts.items():
                # What GEPA reflects on.
                dspy.settings.trace.append((part, {"component": name}, dspy.Prediction(trace=seen.trace)))
            return dspy.Prediction(trial=seen)

    return Program()


def _proposer(loop: DspyLoop) -> Callable[..., Texts]:
    """DSPy's own, whose failures are edits too."""
    import dspy
    from dspy.teleprompt.gepa import InstructionProposer

    own = InstructionProposer(additional_instructions=GUIDANCE.format(context=loop.start.context))

    def propose(**asked: Any) -> Texts:
        try:
            return dict(own(**asked))
        except (dspy.AdapterParseError, ValueError):
            loop.proposal_failed()
            raise

    return propose


def _examples(names: list[str]) -> list[Any]:
    import dspy

    return [dspy.Example(trial=name).with_inputs("trial") for name in names]
