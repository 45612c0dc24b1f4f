"""Callbacks: whoever watches a run as it goes on. A new one is one file and one row here, or ``module:Class``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genopt_gym.core.registry import ExtensionError, Registry
from genopt_gym.core.task import Metric
from genopt_gym.runs.config import Config
from genopt_gym.runs.stages import Stage
from genopt_gym.runs.steps import Step

if TYPE_CHECKING:
    from genopt_gym.runs.result import Result


@dataclass(frozen=True)
class RunStart:
    """What a callback is told when a run begins, or goes on.

    Attributes:
        config: what the run is made of.
        folder: where it is written.
        updates: edits of the run; ``None`` where nothing limits them.
        metric: what scores mean.
        observed: what the scores of steps mean; another metric where these are of windows.
        split: which the scores of steps are of; what is kept is always chosen by validation.
        stored: steps that an interrupted run has left: each is seen again, with ``replayed`` set.
    """

    config: Config
    folder: Path
    updates: int | None
    metric: Metric
    stored: int
    observed: Metric | None = None
    split: str = "validation"


class Callback:
    """Watches a run: inherit it, and override what you need. It changes nothing about the run.

    ``on_end`` always comes after ``on_start``, so files can be opened in the one and closed in the other. What a
    callback raises stops the run; its folder can be resumed.

    >>> class Count(Callback):
    ...     def on_step(self, step):
    ...         print(step.step, step.outcome)
    """

    def on_start(self, start: RunStart) -> None:
        """The run begins or goes on; nothing has been evaluated yet."""
        return

    def on_step(self, step: Step) -> None:
        """A step was made and stored; step 0 is the reset."""
        return

    def on_stage(self, stage: Stage) -> None:
        """The last edit was made, and something else is under way: a test score, or the film."""
        return

    def on_end(self, result: Result | None) -> None:
        """The run has ended; ``None`` if something stopped it before its end."""
        return


CALLBACKS: Final = Registry(
    "callback",
    Callback,
    {
        "progress": "genopt_gym.runs.progress:ProgressDisplay",
        "page": "genopt_gym.show.at_end:RunPage",
        "tensorboard": "genopt_gym.show.trackers.tensorboard:TensorBoard",
        "wandb": "genopt_gym.show.trackers.wandb:WeightsAndBiases",
        "mlflow": "genopt_gym.show.trackers.mlflow:MLflow",
        "trackio": "genopt_gym.show.trackers.trackio:Trackio",
    },
)

GivenCallback = str | type[Callback] | Callback
"""A name or ``module:Class``; a class that is made without arguments; or a callback that is made already."""


def make_callbacks(given: Iterable[GivenCallback]) -> list[Callback]:
    """The callbacks that were given, in their order.

    Raises:
        ExtensionError: there is no such callback, or it is something else.

    >>> make_callbacks(["json:JSONDecoder"])
    Traceback (most recent call last):
    genopt_gym.core.registry.ExtensionError: json:JSONDecoder is not a callback: a callback is a class that inherits
    genopt_gym.runs.callbacks.Callback
    """
    if isinstance(given, str | type | Callback):
        given = [given]
    return [_made(each) for each in given]


def _made(given: GivenCallback) -> Callback:
    if isinstance(given, str):
        return CALLBACKS.make(given)
    if isinstance(given, type) and issubclass(given, Callback):
        try:
            return given()
        except TypeError as error:
            raise ExtensionError(
                f"{given.__name__} has to be made first, as its class needs arguments: {error}"
            ) from error
    if not isinstance(given, Callback):
        raise ExtensionError(f"{given!r} is not a callback: its class has to inherit genopt_gym.Callback")
    return given


class CallbackList:
    """Tells several callbacks of one run."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self._callbacks = callbacks
        self._result: Result | None = None

    @contextmanager
    def watching(self, start: RunStart) -> Iterator[None]:
        """Tell them that the run starts; and however it ends, tell those of its end that were told of its start."""
        told: list[Callback] = []
        try:
            for callback in self._callbacks:
                told.append(callback)
                callback.on_start(start)
            yield
        finally:
            _end(told, self._result)

    def step(self, step: Step) -> None:
        """Tell all callbacks of a step."""
        for callback in self._callbacks:
            callback.on_step(step)

    def stage(self, stage: Stage) -> None:
        """Something is under way after the last edit."""
        for callback in self._callbacks:
            callback.on_stage(stage)

    def ended(self, result: Result) -> None:
        """The run came to its end: ``on_end`` gets this."""
        self._result = result


def _end(callbacks: Sequence[Callback], result: Result | None) -> None:
    """The last first; one that raises does not keep the others from hearing of it."""
    if callbacks:
        try:
            callbacks[-1].on_end(result)
        finally:
            _end(callbacks[:-1], result)
