"""What a data person would look at first: one text, or one for each item of a tuple."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genopt_gym.core.summary import summary_text
from genopt_gym.sandbox.summaries import SUMMARY_CHARS, is_data, summary, summary_parts

pd = pytest.importorskip("pandas")
FRAME = pd.DataFrame({f"column{i}": np.arange(400.0) * i for i in range(12)})
WIDE = pd.DataFrame({f"column{i}": np.arange(400.0) * i for i in range(60)})


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ((FRAME, FRAME["column1"]), 2),
        ((np.zeros(300), (FRAME, {"a": FRAME})), 2),
        ((np.zeros(300), "\n[1] a text that looks like an item"), 2),
        ((WIDE, WIDE), 2),
        ((WIDE, WIDE, WIDE, WIDE), None),
        ((FRAME,) * 9, None),
        ([FRAME, FRAME], None),
        (FRAME, None),
    ],
)
def test_the_parts_of_a_tuple_make_up_its_summary(value: Any, items: int | None) -> None:
    parts = summary_parts(value)
    assert summary_text(parts) == summary(value)
    assert len(summary(value)) <= SUMMARY_CHARS
    assert (len(parts) if isinstance(parts, list) else None) == items


def test_models_in_lists_within_a_dictionary_are_told() -> None:
    """As an ensemble that keeps for each model whether it wants missing values filled."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    model = ensemble.ExtraTreesClassifier(n_estimators=2).fit([[0.0], [1.0]], [0, 1])
    kept = {"models": [(True, model)], "medians": [0.5]}
    assert is_data(kept)
    assert "fitted: classes [0, 1]" in summary(kept)
