"""Policy rollouts: tasks whose artifact is a policy that plays episodes.

The episodes of a block advance in lockstep, so that one message to the confined process carries the
observation of every episode that is still running, and one message back carries every action.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Call, Failure, Instance, Recorder, Trial
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import Task
from genopt_gym.core.window_metric import WindowScores
from genopt_gym.envs.actions import Actions, action_check, describe_actions
from genopt_gym.envs.disguise.observations import ObservationMap
from genopt_gym.envs.disguise.policies import DisguisedEpisode, PolicyDisguise, put_on_policy
from genopt_gym.envs.disguise.words import Words
from genopt_gym.envs.simulator import Simulator as Simulator
from genopt_gym.envs.simulator import TellsMishaps
from genopt_gym.envs.window_scores import measured_windows
from genopt_gym.sandbox.session import Session

EVIDENCE: Mapping[str, Any] = {"trace_window": "highlights", "feedback": ["score", "trials", "staged"]}
"""What ``protocol="default"`` shows of episodes; see docs/evidence.md."""


class RolloutTask(Task):
    """A task whose trials are episodes, and whose score is an episode's return."""

    profile: str = "numpy"
    limits: Limits = Limits(call_seconds=1.0, cpu_seconds=120)
    disguise: PolicyDisguise | None = None
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": EVIDENCE, "paper": {}}

    @abstractmethod
    def start_episode(self, instance: Instance, slot: int) -> Simulator:
        """A simulator at the instance's start; no two running episodes of a block have the same slot."""

    def action_space(self) -> Actions:
        """The actions: integers, or numbers within bounds (one number, or a list of them).

        Tasks whose actions are of another kind have ``checks`` and ``returns`` of their own instead.
        """
        raise TypeError(f"{type(self).__name__} gives its action space, or its own checks and returns")

    def checks(self, episodes: Sequence[Any]) -> list[Callable[[Any], str | None]]:
        """By episode, a function that says what an action has to be, if a result is none."""
        return [action_check(self.told_actions())] * len(episodes)

    def arguments(self, observation: Any) -> Sequence[Any]:
        """The workflow's arguments."""
        return (observation,)

    def shown(self, observation: Any, calls: list[Call]) -> tuple[Any, list[Call]]:
        """What the trace shows of an observation and of the calls that it led to."""
        return observation, calls

    def measures(self, instance: Instance, score: float) -> dict[str, float]:
        """More numbers of a trial, by name; their means are told beside the score."""
        return {}

    def observation_map(self, words: Words, rng: random.Random) -> ObservationMap:
        """How a disguise shows what the simulator observes; ValueError if there is none."""
        raise ParameterError(f"disguise: {type(self).__name__} has none", "disguise")

    def vocabulary(self) -> Sequence[str]:
        """Names in observations; empty where these are lists of numbers."""
        return ()

    def put_on(self, disguise: int) -> None:
        put_on_policy(self, disguise)

    def told_actions(self) -> Actions:
        """The actions as policies know them, which a disguise changes."""
        return self.action_space() if self.disguise is None else self.disguise.actions.space

    def returns(self) -> str:
        return describe_actions(self.told_actions())

    def original_actions(self, actions: Sequence[Any]) -> Sequence[Any]:
        """The actions that the simulator knows, for those that a policy gave."""
        return actions if self.disguise is None else [self.disguise.actions.original(action) for action in actions]

    def earlier_episodes(self, instance: Instance) -> int:
        """How many episodes the policy plays before an instance's own; nothing of them is recorded."""
        return 0

    def next_episode(self, episode: Any) -> None:
        """Let a simulator whose episode has ended go on to the next."""
        raise TypeError(f"{type(self).__name__} has earlier episodes, and says how one comes after the other")

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """Play one episode per recorder, all in lockstep."""
        episodes: list[Any] = [self._begin(recorder.instance, slot) for slot, recorder in enumerate(recorders)]
        earlier = _Earlier(self, [self.earlier_episodes(recorder.instance) for recorder in recorders])
        checks = self.checks(episodes)
        lengths = [self._length(recorder) for recorder in recorders]
        looks = [episode.mishap if isinstance(episode, TellsMishaps) else None for episode in episodes]
        live = [slot for slot, length in enumerate(lengths) if length > 0]
        while live:
            # Each thing for all episodes before the next: what runs between the steps of two simulators runs slowly.
            seen = [episodes[slot].pack() if session.packed else episodes[slot].observe() for slot in live]
            sent = seen if session.packed else [self.arguments(observation) for observation in seen]
            replies = session.call(live, sent)
            acting = []
            for slot, observation, reply in zip(live, seen, replies, strict=True):
                failure = reply.failure or _broken_contract(reply.result, checks[slot])
                if failure is None:
                    acting.append((slot, observation, reply))
                else:
                    told = self.shown(observation, reply.calls) if recorders[slot].tracing else (observation, [])
                    recorders[slot].fail(failure, *told)
            outcomes = [episodes[slot].step(reply.result) for slot, _, reply in acting]
            live = []
            for (slot, observation, reply), (reward, over) in zip(acting, outcomes, strict=True):
                recorder, calls, mishap = recorders[slot], reply.calls, ""
                if not earlier.took(slot, episodes[slot], over):
                    if recorder.tracing:
                        observation, calls = self.shown(observation, calls)
                        mishap = look() if (look := looks[slot]) else ""
                    recorder.step(observation, calls, reply.result, reward, session.reply_bytes, mishap=mishap)
                    if over or recorder.steps >= lengths[slot]:
                        self._finish(recorder, over)
                        continue
                live.append(slot)

    def _finish(self, recorder: Recorder, over: bool) -> None:
        """Close a trial whose episode is over, or that has come to its length."""
        ended = over or len(recorder.instance.prefix) + recorder.steps >= self.max_inner_steps
        measures = self.measures(recorder.instance, recorder.total) if ended else {}
        recorder.finish(recorder.total, ended=ended, metrics=measures)

    def window_scores(self) -> WindowScores | None:
        return measured_windows().get(type(self).__name__)

    def score(self, trials: Sequence[Trial]) -> float:
        """The mean return. What a mere window of an episode earns may lie outside the bounds of a whole one."""
        low, high = self.metric.bounds
        return min(max(super().score(trials), low), high)

    def _begin(self, instance: Instance, slot: int) -> Simulator:
        """The simulator of an instance, brought to where its trial begins."""
        episode = self.start_episode(instance, slot)
        if self.disguise is not None:
            episode = DisguisedEpisode(episode, self.disguise.observations, self.disguise.actions)
        for action in instance.prefix:
            episode.observe()  # what moved is seen against the observation before
            episode.step(action)
        return episode

    def _length(self, recorder: Recorder) -> int:
        """After how many inner steps a trial ends, if its episode does not end before."""
        rest = self.max_inner_steps - len(recorder.instance.prefix)
        return rest if recorder.step_limit is None else min(rest, recorder.step_limit)


def _broken_contract(action: Any, check: Callable[[Any], str | None]) -> Failure | None:
    """What is wrong with an action, if anything."""
    wanted = check(action)
    if not wanted:
        return None
    return Failure("contract_broken", "ValueError", f"the workflow returned {action!r:.100}, but {wanted}")


class _Earlier:
    """The episodes of a block that come before those that are recorded."""

    def __init__(self, task: RolloutTask, counts: list[int]) -> None:
        self._task = task
        self._left = counts
        self._steps = [0] * len(counts)

    def took(self, slot: int, episode: Any, over: bool) -> bool:
        """Whether a step belonged to an earlier episode; after its last one the simulator goes on to the next."""
        if not self._left[slot]:
            return False
        self._steps[slot] += 1
        if over or self._steps[slot] >= self._task.max_inner_steps:
            self._task.next_episode(episode)
            self._left[slot] -= 1
            self._steps[slot] = 0
        return True
