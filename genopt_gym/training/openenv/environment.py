"""One session of a server: an episode after the other, each in an environment of its own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import gymnasium as gym
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import EnvironmentMetadata

from genopt_gym.core.errors import UserError
from genopt_gym.evaluation.cancellation import Cancellation, EvaluationCancelled
from genopt_gym.training.openenv.messages import EditAction, EditObservation, EditState
from genopt_gym.training.openenv.served import Served, announcement
from genopt_gym.training.splits import SPLITS, SplitTask, number_of_tasks, split_task
from genopt_gym.version import VERSION

MAX_SEED = 2**32 - 1


class EditEnvironment(Environment):  # type: ignore[misc]
    """An environment of the suite, as OpenEnv has them.

    Args:
        served: what the server offers.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, served: Served) -> None:
        super().__init__()
        self._served = served
        self._env: gym.Env[Any, Any] | None = None
        self._state = self._fresh_state()

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        split: str | None = None,
        index: int | None = None,
        **unknown: Any,
    ) -> EditObservation:
        """Begin an episode.

        Args:
            seed: orders the train trials; that of the task, or one drawn at random, if left out.
            episode_id: what the client calls it.
            split: with ``index`` one of ``list_tasks``.
            index: of the task.
            **unknown: what there is not.

        Raises:
            UserError: a value that is not allowed, or an argument that there is not.
        """
        if unknown:
            raise UserError(f"reset takes seed, episode_id, split and index, not {', '.join(unknown)[:100]}")
        if episode_id is not None and not isinstance(episode_id, str):
            raise UserError("episode_id is a text")
        task = self._task(split, index)
        seed = self._seed(seed, task)
        split_seed = self._served.split_seed if task is None else task.split_seed
        self.close()
        env = self._served.make(split_seed)
        observation, info = env.reset(seed=seed)
        self._env = env
        self._state = self._fresh_state(
            episode_id=episode_id or str(uuid4()),
            split=split,
            index=index,
            seed=seed,
            split_seed=split_seed,
        )
        return self._shown(observation, info, reward=None)

    def step(self, action: EditAction, timeout_s: float | None = None) -> EditObservation:
        """Make one edit. One that cannot be read, or run, is scored as such.

        Args:
            action: the edit.
            timeout_s: after so many seconds the step is taken back, and nothing has changed.

        Raises:
            UserError: no episode has begun, or it has ended; or the time was not enough.
        """
        if self._env is None:
            raise UserError(
                "no episode is under way: call reset first (over HTTP no two requests share a session: use /ws)"
            )
        with _taken_back_after(timeout_s):
            observation, reward, terminated, truncated, info = self._env.step(action.edit)
        if terminated or truncated:
            self.close()
        self._state = self._state.model_copy(update={"step_count": self._state.step_count + 1})
        return self._shown(observation, info, float(reward), bool(terminated), bool(truncated))

    @property
    def state(self) -> EditState:
        return self._state

    def get_metadata(self) -> EnvironmentMetadata:
        words = "One step is one edit of a program or a text; its run leaves the evidence that is observed."
        told = "; ".join(announcement(self._served))
        return EnvironmentMetadata(name=self._served.id, description=f"{words} {told}.", version=VERSION)

    def close(self) -> None:
        if self._env is not None:
            self._env.close()
            self._env = None

    # OpenEnv's Task API.

    def list_splits(self) -> list[str]:
        return list(SPLITS)

    def num_tasks(self, split: str) -> int:
        return number_of_tasks(split)

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        return self.get_task_range(split)

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        return split_task(split, index, self._served.split_seed).shown

    def get_task_range(self, split: str, start: int | None = None, stop: int | None = None) -> list[dict[str, Any]]:
        return [self.get_task(split, index) for index in range(number_of_tasks(split))[start:stop]]

    def _task(self, split: str | None, index: int | None) -> SplitTask | None:
        if split is None and index is None:
            return None
        if split is None or index is None:
            raise UserError("split and index go together: they name one of the tasks of list_tasks")
        try:
            return split_task(split, index, self._served.split_seed)
        except IndexError as error:
            raise UserError(str(error)) from None

    def _seed(self, seed: int | None, task: SplitTask | None) -> int:
        if seed is None:
            return secrets.randbelow(MAX_SEED) if task is None else task.seed
        if type(seed) is not int or not 0 <= seed <= MAX_SEED:
            raise UserError(f"seed is a whole number from 0 to {MAX_SEED}, not {seed!r:.50}")
        return seed

    def _fresh_state(self, **known: Any) -> EditState:
        served = self._served
        return EditState(
            environment=served.id,
            edits=served.edits,
            confinement=served.tier,
            start_seconds=round(served.seconds, 3),
            **known,
        )

    def _shown(
        self,
        observation: dict[str, Any],
        info: dict[str, Any],
        reward: float | None,
        terminated: bool = False,
        truncated: bool = False,
    ) -> EditObservation:
        self._state = self._state.model_copy(update={name: info[name] for name in ("outcome", "score", "best_score")})
        return EditObservation(
            **{name: observation[name] for name in ("context", "artifact", "trace", "feedback")},
            **{name: info[name] for name in ("outcome", "score", "best_score")},
            reward=reward,
            done=terminated or truncated,
            metadata={
                "truncated": truncated,
                "truncated_by": info["truncated_by"],
                "accepted": info["accepted"],
                "horizon_shown": info["horizon_shown"],
                "artifact": info["artifact"],
            },
        )


@contextmanager
def _taken_back_after(seconds: float | None) -> Iterator[None]:
    """Call off the evaluations within when the time is over; ``None`` gives them all the time they take."""
    if seconds is None:
        yield
        return
    cancellation = Cancellation()
    timer = threading.Timer(seconds, cancellation.cancel)
    timer.start()
    try:
        with cancellation.applied():
            yield
    except EvaluationCancelled:
        raise UserError(
            f"the edit was not evaluated within {seconds:g} s: it was taken back, try a longer time"
        ) from None
    finally:
        timer.cancel()
