"""Task: the one thing a benchmark implements."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from genopt_gym.core.artifact import Artifact, Structure
from genopt_gym.core.checks import whole_number
from genopt_gym.core.errors import ParameterError, UserError
from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.extras import words_of
from genopt_gym.core.limits import Limits
from genopt_gym.core.metric import Metric as Metric
from genopt_gym.core.registry import load_class
from genopt_gym.core.sources import check_imported, sources_of
from genopt_gym.core.window_metric import WindowScores, window_metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genopt_gym.core.evidence import Recorder
    from genopt_gym.sandbox.session import Session

SPLITS = ("train", "validation", "test")
CONFIRMATION = "confirmation"
"""The split of ``confirm=``: fresh instances, on which a run's best artifacts by validation are run again."""


@dataclass(frozen=True)
class ModelUse:
    """The model that an artifact's workflow may ask, as ``llm(prompt)``.

    Attributes:
        name: ``provider/name``, or ``local/...``.
        temperature: of sampling; ``None`` leaves it to the provider.
        max_tokens: most tokens of a reply.
        base_url: of an OpenAI-compatible server; ``None`` is the provider's own.
        concurrency: calls under way at once.
        prices: US dollars for a million prompt tokens and a million reply tokens, where litellm has none.
    """

    name: str
    temperature: float | None = None
    max_tokens: int = 1024
    base_url: str | None = None
    concurrency: int = 32
    prices: tuple[float, float] | None = None


def starts_of(structures: Mapping[str, Structure]) -> list[str]:
    """Every ``structure/implementation`` there is."""
    return [f"{name}/{how}" for name, structure in structures.items() for how in structure.implementations]


class TaskSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task as data: enough to make the same one in a worker."""

    entry: str
    """``module:Class``"""
    arguments: dict[str, Any]
    sources: dict[str, str] = {}
    """File to hash of the user's own code and data in it: what is cached holds for these alone."""

    def dated(self, *more: str) -> TaskSpec:
        """The same with its sources as they are now; those of what ``more`` names too.

        Raises:
            SourcesChanged: a module was edited after this process has imported it.
        """
        values = (self.entry, self.arguments, more)
        check_imported(*values)
        return msgspec.structs.replace(self, sources=sources_of(*values, files=self.load().files(self.arguments)))

    def load(self) -> type[Task]:
        """The task's class; ExtensionError, in one sentence, if there is none."""
        return load_class(self.entry, Task, "task")  # type: ignore[type-abstract]

    def make(self) -> Task:
        """A new task; ParameterError for a disguise that is no whole number from 0, or that the task does not have."""
        arguments = dict(self.arguments)
        disguise = arguments.pop("disguise", None)
        kind = self.load()
        try:
            task = kind(**arguments)
        except ModuleNotFoundError as error:
            if words := words_of(error, kind.__name__):
                raise UserError(words) from None
            raise
        if disguise is not None:
            if type(disguise) is not int or disguise < 0:
                raise ParameterError(f"disguise must be None or a whole number from 0, got {disguise!r}", "disguise")
            task.put_on(disguise)
            task.disguised = True
        return task


class Task(ABC):
    """A benchmark: artifacts to start from, instances to try them on, and how a trial is run and scored.

    The class attributes are its facts; the constructor takes plain JSON values, so that a worker can make the
    same task from its ``TaskSpec``. ``run`` is called in a trusted worker and talks to the artifact through a
    ``Session``: observations go in, actions come out, and whatever scores them stays here.
    """

    family: ClassVar[str]
    metric: Metric
    structures: Mapping[str, Structure]
    default_start: ClassVar[str]
    disguised_start: ClassVar[str] = ""
    """The first choice under a disguise: a program that knows nothing."""
    disguised: bool = False
    """Whether it is hidden what the task is about; then nothing is said of its bounds and stages."""
    goal: str
    """The problem context at every level but ``none``."""
    strategy: str = ""
    """Hints that only ``context="full"`` adds."""
    horizon: ClassVar[int | None] = None
    """Default credit horizon; ``None`` shows all inner steps."""
    profile: str = "bare"
    """Which libraries the confined process holds."""
    observer: str = ""
    """What of this package makes observations there, out of the parts that the worker packs: ``module:name``, called
    once for each trial, gives a function of these parts. Artifacts can get at it, so it knows no more than they are
    told. Empty where observations are sent whole."""
    limits: Limits = Limits()
    block_size: ClassVar[int] = 4
    """How many trials share one confined process; fixed, so that results don't depend on the workers."""
    outcomes: ClassVar[Mapping[str, str]] = {}
    """Edit outcomes of its own, beside those of ``EditOutcome``, each with what it means; a trial that fails with
    ``Failure("too_expensive", ...)`` gives the edit the outcome ``too_expensive``."""
    error_costs: ClassVar[Literal["trial", "artifact"]] = "trial"
    """Whether a failed trial scores low by itself, or makes the whole artifact score low."""
    deterministic: bool = True
    has_fresh_instances: ClassVar[bool] = True
    """Whether a run can be confirmed on instances that no other split has, without taking them away from one."""
    has_boxes: ClassVar[bool] = False
    """Whether ``film`` can draw rectangles around what is observed."""
    max_inner_steps: int = 1
    """Cap on the inner steps of a trial."""
    cap_is_told: ClassVar[bool] = True
    """Whether a trace says of how many inner steps it shows the first; not where the cap is a bound nobody reaches."""
    ending: str = "over"
    """What the words say of an episode that came to its own end."""
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}, "paper": {}}
    """Arguments of ``gym.make`` that a protocol fills where none was passed."""

    model: ModelUse | None = None
    """What artifacts of a structure that asks a model may ask; it is the main process that does."""
    judge: ModelUse | None = None
    """What the task itself asks about answers, as ``session.judge(prompt)``; booked under the role ``judge``."""

    def __init__(
        self,
        *,
        split_seed: int = 0,
        train_size: int = 1000,
        validation_size: int = 4,
        test_size: int = 20,
        confirmation_size: int | None = None,
    ) -> None:
        """Make the task with its splits.

        Args:
            split_seed: fixes which instances validation and test have; another gives others.
            train_size: how many instances the split train has.
            validation_size: how many validation has; all of them are run at each step.
            test_size: how many test has; start and best are scored on them after the loop.
            confirmation_size: how many the best artifacts by validation are run again on, when a run has ended;
                ``None`` takes as many as validation has, where the task has fresh ones.
        """
        sizes = {"train": train_size, "validation": validation_size, "test": test_size}
        self._sizes = {split: whole_number(f"{split}_size", size, 1) for split, size in sizes.items()}
        size = (
            self._sizes["validation"] if confirmation_size is None and self.has_fresh_instances else confirmation_size
        )
        self._sizes[CONFIRMATION] = whole_number("confirmation_size", size or 0, 0)
        self.split_seed = whole_number("split_seed", split_seed)

    @classmethod
    def files(cls, arguments: Mapping[str, Any]) -> Sequence[str]:
        """Paths of the data files that a task with these arguments reads, whose content counts as its arguments do."""
        return ()

    def starts(self) -> list[str]:
        """Every ``structure/implementation`` that ``start`` accepts."""
        return starts_of(self.structures)

    def starting_artifact(self, start: str) -> Artifact:
        """The artifact named by ``start``; ValueError with the known names for any other."""
        if start not in self.starts():
            raise ParameterError(f"no start {start!r}; this task has {', '.join(self.starts())}", "start")
        structure_name, implementation = start.split("/")
        structure = self.structures[structure_name]
        texts = structure.implementations[implementation]
        return Artifact(structure.components, structure.workflow, dict(texts), structure.asks_model)

    def instances(self, split: str) -> list[Instance]:
        """The instances of a split, in their fixed order."""
        return [Instance(split, index) for index in range(self._sizes[split])]

    def seed(self, instance: Instance, purpose: str = "") -> int:
        """The instance's own seed: below 2**31, far apart between splits, values of ``split_seed`` and purposes."""
        words = f"{type(self).__name__}/{self.split_seed}/{instance.split}/{instance.index}{purpose}"
        return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "little") >> 1

    def score(self, trials: Sequence[Trial]) -> float:
        """The score of a batch: the mean of its trials, or low if an error costs the artifact."""
        if not trials or (self.error_costs == "artifact" and any(trial.failure for trial in trials)):
            return self.metric.worst
        return fmean(trial.score for trial in trials)

    def cautions(self) -> Sequence[str]:
        """What whoever makes an environment of this task should be warned of, in sentences."""
        return ()

    def window_metric(self, view: View) -> Metric:
        """What the scores of windows mean; the task's metric where a window holds a whole trial."""
        if view.horizon is None or view.horizon >= self.max_inner_steps:
            return self.metric
        return window_metric(self.metric, view, self.window_scores())

    def window_scores(self) -> WindowScores | None:
        """What windows are worth; ``None`` if nobody has measured it."""
        return None

    def put_on(self, disguise: int) -> None:
        """Hide what the task is about: neutral names, other codes and scales, all drawn by this number.

        Raises:
            ValueError: the task has no disguise.
        """
        raise ParameterError(
            f"disguise={disguise}: {type(self).__name__} has none, for what it is about is its text", "disguise"
        )

    def returns(self) -> str:
        """What the workflow may return, as in "an integer from 0 to 5"; empty where the goal alone says it."""
        return ""

    def staged(self, score: float) -> str:
        """What a coach would say of a score."""
        return ""

    def failed(self, trial: Trial) -> bool:
        """Whether the ``failures`` sampler should show this trial's instance again; not one that was merely cut."""
        return trial.failure is not None or (trial.ended and not self.metric.is_solved(trial.score))

    def answer(self, instance: Instance) -> str | None:
        """The expected answer of a train instance, where there is one to reveal."""
        return None

    def film(
        self, instance: Instance, actions: Sequence[Any], moments: Sequence[int], boxes: bool = False
    ) -> Iterator[NDArray[np.uint8]] | None:
        """Screens (height, width, 3) of an episode that is played again; None where the task has no screen.

        Args:
            instance: where the episode starts.
            actions: all of them, those of ``instance.prefix`` too.
            moments: after how many actions there is a frame, in rising order.
            boxes: whether to draw the observation's objects, each as a rectangle with its name, into larger frames;
                only for tasks with ``has_boxes``.
        """
        return None

    def picture(self, actions: Sequence[Any]) -> NDArray[np.uint8] | None:
        """A trial's outcome as an image (height, width, 3); None where the task has nothing to draw.

        Args:
            actions: of a trial, as in ``Trial.actions``.
        """
        return None

    @abstractmethod
    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """Run one trial per recorder, and leave in each what happened.

        Raises:
            SessionDied: let it through; the worker blames the culprit and runs the others again.
        """
