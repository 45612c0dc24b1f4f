"""Extensions as a user would write them, outside the package: one class each, named as ``module:Class``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium as gym

from genopt_gym.core.acceptance import AcceptanceRule, TriedEdit
from genopt_gym.core.artifact import Structure
from genopt_gym.core.evidence import Failure, Recorder
from genopt_gym.core.feedback_kinds import FeedbackKind, Seen
from genopt_gym.core.windows import Played, TraceWindow
from genopt_gym.llm import Reply, Request, Settings
from genopt_gym.llm.backend import Backend
from genopt_gym.making import optimization_env
from genopt_gym.observation import Observation
from genopt_gym.sandbox.session import Session
from tests.helpers.loops import UPRIGHT
from tests.helpers.toys import Guess

HERE = "tests.helpers.extensions"
PLAIN = Guess.structures["plain"]


class Sampled(TraceWindow):
    """Steps from the whole trial, as far apart as they can be."""

    def choose(self, played: Played, horizon: int) -> Sequence[int]:
        return [position * len(played.rewards) // horizon for position in range(horizon)]

    def fit(self, sizes: Sequence[int], room: int, steps: Sequence[int] = ()) -> Sequence[int]:
        kept = range(len(sizes))
        while sum(sizes[position] for position in kept) > room:
            kept = kept[::2] if len(kept) > 1 else range(0)
        return kept


class Patient(AcceptanceRule):
    """Edits stay that run and are no worse on validation; after two refusals in a row any edit that runs stays."""

    refused = 0

    def reset(self, seed: int) -> None:
        self.refused = 0

    def accepts(self, edit: TriedEdit) -> bool:
        if edit.outcome != "ok":
            return False
        worse = edit.metric.better(edit.current_validation_score, edit.validation_score)
        self.refused = self.refused + 1 if worse and self.refused < 2 else 0
        return self.refused == 0


class Worst(FeedbackKind):
    """The lowest score of the train batch."""

    def lines(self, seen: Seen) -> Sequence[str]:
        scores = [trial.score for trial in seen.trials.get("train", ())]
        return [f"The worst trial scored {min(scores):g}."] if scores else []


class Strict(Guess):
    """The guessing game, in which a guess that is off by more than 6 fails its trial in a way of its own."""

    outcomes: ClassVar[dict[str, str]] = {"far_off": "an answer was off by more than 6"}
    structures: Mapping[str, Structure] = {
        "plain": dataclasses.replace(PLAIN, implementations={"five": PLAIN.implementations["five"]})
    }

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        questions = [f"Which digit belongs to {recorder.instance.index}?" for recorder in recorders]
        replies = session.call(list(range(len(recorders))), [[question] for question in questions])
        for recorder, question, reply in zip(recorders, questions, replies, strict=True):
            failure = reply.failure
            if failure is None and (distance := self.distance(recorder.instance, reply.result)) > 6:
                failure = Failure("far_off", "FarOff", f"{reply.result} is off by {distance:g}")
            if failure is not None:
                recorder.fail(failure, question, reply.calls)
                continue
            recorder.step(question, reply.calls, reply.result, 0.0)
            recorder.finish(distance, ended=True)


class Parrot(Backend):
    """A backend that has one answer; its models are called ``tests.helpers.extensions:Parrot/anything``."""

    async def complete(self, request: Request, settings: Settings) -> Reply:
        return Reply(f"I am {request.model.partition('/')[2]}.\n```python\n{UPRIGHT}```\n", "stop", 10, 20, None)

    def prices(self, model: str) -> tuple[float, float]:
        return 0.0, 0.0


class ChosenHorizon(gym.Wrapper[Observation, Any, Observation, Any]):
    """The action is an edit and the credit horizon of the step that tries it."""

    def __init__(self, env: gym.Env[Observation, Any], horizons: Sequence[int]) -> None:
        super().__init__(env)
        self.horizons = horizons
        choices = gym.spaces.Discrete(len(horizons))
        self.action_space = gym.spaces.Dict({"edit": env.action_space, "horizon": choices})

    def step(self, action: Any) -> tuple[Observation, Any, bool, bool, dict[str, Any]]:
        core = optimization_env(self.env)
        core.set_view(credit_horizon=self.horizons[action["horizon"]])
        return self.env.step(action["edit"])


gym.register(
    "Own/Strict-v0",
    entry_point="genopt_gym.env:OptimizationEnv",
    max_episode_steps=20,
    kwargs={"task": f"{HERE}:Strict"},
)
