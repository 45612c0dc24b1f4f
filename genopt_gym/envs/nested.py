"""Prompts of an optimizer as the artifact: a trial is a short run of a proposer that asks a model with them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import gymnasium as gym

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.checks import whole_number
from genopt_gym.core.errors import ParameterError, UserError
from genopt_gym.core.evidence import Failure, Instance, Recorder
from genopt_gym.core.limits import Limits
from genopt_gym.core.metric import Metric
from genopt_gym.core.task import ModelUse, Task
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.sandbox.session import Session

PLACES = ("context", "components", "trace", "feedback", "history")
MOST_GAIN = 2.0
"""On the inner task's normalised scale: from the floor to as far above the reference as that is above the floor."""
INNER = {"validation_size": 4, "test_size": 2, "credit_horizon": 40, "confirm": 0, "context": "full"}
"""What an inner environment is made with, unless ``inner_parameters`` say otherwise."""

WORKFLOW = """\
def workflow(seen):
    import re

    places = "|".join(seen)
    return llm(system + "\\n\\n" + re.sub(r"\\{(%s)\\}" % places, lambda found: seen[found[1]], proposer))
"""

SYSTEM = "A text that stands before every question: who the model is, what it has to do, what it has to mind."
PROPOSER = """\
A text that is put to the model for each edit, with these places in braces, which a run fills in: {context} (the
problem), {components} (the program as it stands), {trace} and {feedback} (what happened when it ran) and {history} (the
edits so far and their scores). The reply has to hold the whole new text of each component that changes, in a fenced
block with its name after the language, as in ```python NAME. Only {components} has to be there."""

STARTS = {
    "naive": {
        "system": "You improve programs.\n",
        "proposer": "{context}\n\n{components}\n\nImprove it.\n",
    },
    "stub": {"system": "\n", "proposer": "{components}\n"},
    "careful": {
        "system": """\
You improve a program by editing its components. You see the problem, the components as they stand, and what happened
when they were run. Find out from that what holds the score back.
""",
        "proposer": """\
#Problem
{context}

#Components
{components}

#What happened
{trace}
{feedback}

#Edits so far
{history}

Say in two sentences what went wrong. Then give the whole new text of each component that you change, in a fenced block
with its name after the language, as in ```python NAME.
""",
    },
}


class NestedProposer(Task):
    """Improve the prompts of an optimizer; a trial is a run of a few edits that a model makes with them.

    The artifact is two texts, ``system`` and ``proposer``. In a trial they are filled in with what an inner environment
    of this suite shows, put to the model, and its reply is that environment's action, edit after edit. The score is
    what the run gains: the rise of its best validation score on the inner task's normalised scale. Each trial has train
    and validation instances of its own. Programs that the model writes are confined as everywhere.

    Args:
        model: what proposes the inner edits: ``provider/name``, or ``local/...``.
        inner: id of the inner environment.
        inner_parameters: keywords of it; by default it is a small one, with 4 validation trials.
        inner_edits: edits of an inner run.
        temperature: of the model; ``None`` leaves it to the provider.
        max_tokens: most tokens of its replies.
        base_url: of an OpenAI-compatible server that has it.
        concurrency: inner runs under way at once.
        **sizes: as for any task.

    >>> NestedProposer(model="local/smollm2").starting_artifact("prompts/naive").texts["system"]
    'You improve programs.\\n'
    """

    family: ClassVar[str] = "Nested"
    default_start: ClassVar[str] = "prompts/naive"
    horizon: ClassVar[int | None] = None
    block_size: ClassVar[int] = 4
    deterministic: bool = False
    has_fresh_instances: ClassVar[bool] = True
    limits = Limits(call_seconds=5.0, cpu_seconds=60)
    metric = Metric(
        name="gain of an inner run on its normalised scale, mean over runs",
        low=0,
        high=MOST_GAIN,
        floor=0,
        reference=1,
        solved=None,
        sources={
            "floor": "a run whose edits gain nothing",
            "reference": "a run from the floor of its task to the reference, or as far",
        },
    )
    goal = """\
Write the prompts of an optimizer that improves programs by asking a language model. It shows the model a problem, the
program as it stands and what happened when that ran; the reply is its next edit. A trial is a run of a few edits, and
its score is how far the best program of the run is above the one it started from."""
    strategy = """\
Hint: see in the trace which replies held no edit that could be read, and which edits failed or lost; tell the model the
form that a reply has to have, and what to look for in the evidence."""
    structures: Mapping[str, Structure] = {
        "prompts": Structure(
            components=(
                Component("system", "system (a text)", SYSTEM, "text"),
                Component("proposer", "proposer (a text)", PROPOSER, "text", ("components",)),
            ),
            workflow=WORKFLOW,
            implementations=STARTS,
            asks_model=True,
        )
    }

    def __init__(
        self,
        *,
        model: str | None = None,
        inner: str = "GenOpt/Control-CartPole-v0",
        inner_parameters: Mapping[str, Any] | None = None,
        inner_edits: int = 3,
        temperature: float | None = None,
        max_tokens: int = 1024,
        base_url: str | None = None,
        concurrency: int = 8,
        **sizes: Any,
    ) -> None:
        super().__init__(**{"validation_size": 4, "test_size": 8} | sizes)
        if model is not None:
            self.model = ModelUse(model, temperature, max_tokens, base_url, concurrency)
        self._inner, self._parameters = inner, {**INNER, **(inner_parameters or {})}
        self.max_inner_steps = whole_number("inner_edits", inner_edits, 1)
        self.limits = replace(self.limits, llm_calls=self.max_inner_steps)
        self.make_inner(0)

    def make_inner(self, split_seed: int) -> OptimizationEnv:
        """An inner environment with instances of its own; UserError if there is none such."""
        given = {"split_seed": split_seed, **self._parameters}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its optimizer is the artifact, and nobody reads them
            try:
                env = optimization_env(gym.make(self._inner, disable_env_checker=True, **given))
            except UserError:
                raise
            except (gym.error.Error, TypeError, ValueError) as error:
                raise ParameterError(f"inner={self._inner!r} cannot be made: {error}", "inner") from error
        if env.start.asks_model:
            raise ParameterError(
                f"inner={self._inner!r}: an artifact that asks a model itself cannot be nested", "inner"
            )
        return env

    def returns(self) -> str:
        return "the model's reply"

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """One inner run for each trial; the worker gives each trial a session of its own."""
        _one_worker()
        for slot, recorder in enumerate(recorders):
            self._run_one(session, slot, recorder)

    def _run_one(self, session: Session, slot: int, recorder: Recorder) -> None:
        env = self.make_inner(self._split_seed(recorder.instance))
        observation, info = env.reset(seed=0)
        history: list[str] = []
        for number in range(1, self.max_inner_steps + 1):
            seen = _shown(observation, history)
            [reply] = session.call([slot], [(seen,)])
            failure = reply.failure
            if failure is None and type(reply.result) is not str:
                failure = Failure("contract_broken", "TypeError", f"a reply is a text, not {reply.result!r:.100}")
            facts = {"score": float(observation["score"][0]), "feedback": seen["feedback"]}
            if failure is not None:
                recorder.fail(failure, facts, reply.calls)
                return
            observation, reward, terminated, truncated, info = env.step(reply.result)
            outcome, score = info["outcome"], float(observation["score"][0])
            history.append(f"edit {number}: {outcome}, score {env.metric.format(score)}")
            recorder.step(facts, reply.calls, {"reply": reply.result, "outcome": outcome}, reward, session.reply_bytes)
            if terminated or truncated:
                break
        recorder.finish(min(recorder.total, MOST_GAIN), ended=True)

    def _split_seed(self, instance: Instance) -> int:
        return self.seed(instance, "inner") % 2**31

    def staged(self, score: float) -> str:
        if score <= 0:
            return "No inner run gains anything: are there edits in the replies, and do they run?"
        if score < 0.5:
            return "Some edits gain: see which replies led to them, and what the others lacked."
        return "The inner runs gain much: what is left are the runs that do not."


def _shown(observation: Mapping[str, Any], history: Sequence[str]) -> dict[str, str]:
    """What the places in the prompt are filled with."""
    blocks = (f"```python {name}\n{text.rstrip()}\n```" for name, text in observation["artifact"].items())
    values = (observation["context"], "\n".join(blocks), observation["trace"], observation["feedback"])
    return dict(zip(PLACES, (*values, "\n".join(history) or "(none)"), strict=True))


def _one_worker() -> None:
    """Inner programs run in one worker of this worker, which has others beside it already."""
    os.environ["GENOPT_WORKERS"] = "1"
