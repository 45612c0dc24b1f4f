"""Which ids need an extra, so that tests of them are skipped, with a reason, where it is not installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Any

import pytest

MODULES = {
    "Reasoning": ["reasoning_gym"],
    "GenOpt/Control-LunarLander-v0": ["Box2D", "pygame"],
    "MiniGrid": ["minigrid"],
    "NetHack": ["nle"],
    "MLAgentBench": ["sklearn", "pandas"],
    "Tabular": ["sklearn", "pandas"],
}
"""By family, or by id, the modules of extras."""


def skip_without_extra(id: str) -> pytest.MarkDecorator:
    """The mark of a test of this id: skipped where its extra is absent."""
    family = id.removeprefix("GenOpt/").partition("-")[0]
    return skip_without(MODULES.get(id, MODULES.get(family, [])))


def skip_without(modules: Iterable[str]) -> pytest.MarkDecorator:
    """The mark of a test that needs these modules."""
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")


def or_skipped(ids: Iterable[str]) -> list[Any]:
    """The ids as parameters of a test, each skipped where its extra is absent."""
    return [pytest.param(id, marks=skip_without_extra(id), id=id) for id in ids]
