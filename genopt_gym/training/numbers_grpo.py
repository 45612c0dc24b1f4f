"""Training of a small language model by TRL's GRPO: it is shown the numbers of a program, and answers with others.

An episode is one edit: a starting artifact with perturbed numbers, a page of ``NumbersReply``, a reply, a reward. The
members of a group share start and instances. A folder holds ``training.json`` (what was asked for, and the curve), the
last checkpoint, and in the end the trained model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import msgspec

from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.edit import EditOutcome, UnusableReply
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.making import optimization_env
from genopt_gym.training.numbers_policy import load, reply_tokens
from genopt_gym.training.versions import need_trainer
from genopt_gym.wrappers import NumbersReply, PerturbedStarts

# Evidence in words is of no use to these models, and four validation trials rank artifacts well enough to learn from.
PARAMETERS: dict[str, Any] = {"start": "modular/parametric", "credit_horizon": 1, "validation_size": 4}
TRAINING_SPLITS = (0, 1, 2, 3)
LOGGED = {
    "score": "rewards/score/mean",
    "readable": "rewards/readable/mean",
    "reward": "reward",
    "spread": "reward_std",
    "entropy": "entropy",
    "tokens": "completions/mean_length",
    "seconds": "step_time",
}
"""Names in the curve, of what TRL logs at each update."""
READABLE_WEIGHT = 0.2
"""Of a reply that is a line of as many numbers as asked for, beside the normalised score of what it makes."""


@dataclass(frozen=True)
class GrpoSettings:
    """What a training was asked for.

    Attributes:
        id: of the task; its start ``modular/parametric`` has the numbers.
        model: as ``numbers_policy.load`` takes it.
        steps: updates.
        group: replies to one page.
        pages: in one update.
        starts: different pages of the training.
        learning_rate: constant.
        layers: trained, the last ones of the model; 0 trains all of it, embeddings included.
        editable: the component whose numbers are asked for; all components if empty.
        spread: of the starting numbers, in units of their size.
        seed: of starts, draws and order.
    """

    id: str = "GenOpt/Control-CartPole-v0"
    model: str = "smollm2"
    steps: int = 80
    group: int = 8
    pages: int = 2
    starts: int = 64
    learning_rate: float = 3e-5
    layers: int = 10
    editable: str = ""
    spread: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in {"steps": 1, "group": 2, "pages": 1, "starts": 1, "layers": 0, "seed": 0}.items():
            whole_number(name, getattr(self, name), least)
        number("learning_rate", self.learning_rate, above=0)
        number("spread", self.spread, above=0)

    @property
    def parameters(self) -> dict[str, Any]:
        """Of ``gym.make``, in training and test."""
        return PARAMETERS | ({"editable": [self.editable]} if self.editable else {})

    @property
    def edits(self) -> int:
        """Made in training, starts aside."""
        return self.steps * self.group * self.pages


@dataclass
class GrpoTraining:
    """What ``training.json`` says."""

    settings: GrpoSettings
    curve: list[dict[str, float]] = field(default_factory=list)


def rows(settings: GrpoSettings) -> list[dict[str, Any]]:
    """A row for each start: its page, and the seeds that make it again."""
    found = []
    for start in range(settings.starts):
        seed, split_seed = settings.seed * settings.starts + start, TRAINING_SPLITS[start % len(TRAINING_SPLITS)]
        page, _ = _env(settings, split_seed).reset(seed=seed)
        found.append({"prompt": page, "seed": seed, "split_seed": split_seed})
    return found


def rewards(settings: GrpoSettings) -> tuple[Callable[..., list[float]], Callable[..., list[float]]]:
    """TRL's reward functions: the normalised score of the edited artifact, and whether a reply can be read."""

    def score(completions: Sequence[str], seed: Sequence[int], split_seed: Sequence[int], **row: Any) -> list[float]:
        earned = []
        for reply, start, split in zip(completions, seed, split_seed, strict=True):
            env = _env(settings, split)
            env.reset(seed=start)
            _, reward, _, _, info = env.step(reply)
            # The artifact stays as it was then, which may be a good one: that is not the reply's merit.
            earned.append(float(reward) if info["outcome"] != EditOutcome.UNPARSABLE else _worst(env))
        return earned

    def readable(completions: Sequence[str], split_seed: Sequence[int], **row: Any) -> list[float]:
        codec = _env(settings, split_seed[0]).codec
        return [float(not isinstance(codec.read(reply), UnusableReply)) for reply in completions]

    return score, readable


def train(settings: GrpoSettings, out: Path, **more: Any) -> GrpoTraining:
    """Train in a folder, from its last checkpoint on if it has one; the trained model lies in ``trained`` then.

    A training that was cut off ends with the weights of an unbroken one.

    Args:
        settings: as they were, if the folder holds a training already; ``steps`` may be more.
        out: the folder.
        **more: arguments of TRL's ``GRPOConfig``.

    Raises:
        UserError: TRL is missing or another version, or the folder holds another training.
    """
    need_trainer("trl", "training by TRL")
    from datasets import Dataset
    from transformers.trainer_callback import PrinterCallback
    from transformers.trainer_utils import get_last_checkpoint

    training = _begun(settings, out)
    checkpoints = out / "checkpoints"
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    model, tokenizer = load(settings.model)
    _freeze(model, settings.layers)
    trainer = _trainer(settings, last)(
        model=model,
        processing_class=tokenizer,
        reward_funcs=list(rewards(settings)),
        args=_config(settings, checkpoints, more),
        train_dataset=Dataset.from_list(rows(settings)),
        callbacks=[_curve(training, out)],
    )
    trainer.remove_callback(PrinterCallback)  # the curve is told already
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(out / "trained"))
    tokenizer.save_pretrained(out / "trained")
    return training


def _worst(env: NumbersReply) -> float:
    metric = optimization_env(env).metric
    return max(metric.normalise(metric.worst), -1.0)


def read_training(out: Path) -> GrpoTraining | None:
    """The training in a folder; ``None`` if there is none.

    Raises:
        UserError: it cannot be read.
    """
    path = out / "training.json"
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=GrpoTraining)
    except (msgspec.MsgspecError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}); choose another folder") from None


def _begun(settings: GrpoSettings, out: Path) -> GrpoTraining:
    found = read_training(out)
    if found is not None and replace(found.settings, steps=settings.steps) != settings:
        raise UserError(f"{out} holds another training, {found.settings}; choose another folder")
    training = GrpoTraining(settings, [] if found is None else found.curve)
    out.mkdir(parents=True, exist_ok=True)
    _write(training, out)
    return training


def _config(settings: GrpoSettings, checkpoints: Path, more: Mapping[str, Any]) -> Any:
    from trl import GRPOConfig

    chosen: dict[str, Any] = {
        "output_dir": str(checkpoints),
        "max_steps": settings.steps,
        "per_device_train_batch_size": settings.group * settings.pages,
        "num_generations": settings.group,
        "max_completion_length": reply_tokens(_env(settings, TRAINING_SPLITS[0]).codec.count),
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "constant",
        "reward_weights": [1.0, READABLE_WEIGHT],
        # Advantages count what a reply gained: within a group, many differ by next to nothing.
        "scale_rewards": "batch",
        "beta": 0.0,
        "temperature": 1.0,
        "top_k": 0,
        "seed": settings.seed,
        "use_cpu": True,
        "bf16": True,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "save_steps": 10,
        "save_total_limit": 1,
        "report_to": "none",
        "disable_tqdm": True,
    }
    return GRPOConfig(**{**chosen, **more})


def _trainer(settings: GrpoSettings, checkpoint: str | None) -> Any:
    """TRL's trainer; from a checkpoint on it goes through the starts in the order of an unbroken training.

    A checkpoint has the state of all random generators but that of the order, which each epoch takes on from the last.
    """
    from transformers import TrainerState
    from trl import GRPOTrainer

    done = 0
    if checkpoint is not None:
        state = TrainerState.load_from_json(str(Path(checkpoint) / "trainer_state.json"))
        done = state.global_step // (settings.starts // settings.pages)

    class Trainer(GRPOTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, dataset: Any = None) -> Any:
            sampler = super()._get_train_sampler(dataset)
            for _ in range(done):
                list(sampler)
            return sampler

    return Trainer


def _freeze(model: Any, layers: int) -> None:
    """Leave only the last layers to be trained; all of the model if none are named."""
    if layers:
        model.requires_grad_(False)
        for layer in model.model.layers[-layers:]:
            layer.requires_grad_(True)


def _curve(training: GrpoTraining, out: Path) -> Any:
    """A callback of ``transformers`` that keeps a point for each update."""
    from transformers import TrainerCallback

    class Curve(TrainerCallback):  # type: ignore[misc]  # it has no types where it is not installed
        since = time.process_time()

        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
            if logs is None or "reward" not in logs:
                return
            point = {"step": state.global_step} | {name: float(logs[key]) for name, key in LOGGED.items()}
            point["processor seconds"] = time.process_time() - self.since
            self.since = time.process_time()
            # What came after the last checkpoint comes again in a training that was cut off.
            training.curve = [each for each in training.curve if each["step"] < state.global_step] + [point]
            _write(training, out)
            print(" ".join(f"{name} {value:.4g}" for name, value in point.items()), file=sys.stderr, flush=True)

    return Curve()


def _write(training: GrpoTraining, out: Path) -> None:
    write_atomically(out / "training.json", msgspec.json.format(msgspec.json.encode(training), indent=1))


@cache
def _env(settings: GrpoSettings, split_seed: int) -> NumbersReply:
    env = gym.make(settings.id, max_episode_steps=1, reward="score", split_seed=split_seed, **settings.parameters)
    return NumbersReply(PerturbedStarts(env, settings.spread))
