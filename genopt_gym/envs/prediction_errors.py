"""The rows of a tabular trial, and where the errors of its predictions are, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from genopt_gym.sandbox.summaries import written_cell

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from genopt_gym.sandbox.arrays import Packed

LARGEST = 5
"""Residuals and groups that are told."""
CONFUSIONS = 8
FEW_VALUES = 12
"""A column with at most so many values makes groups of them; other numbers are cut at their quartiles."""
LEAST_ROWS = 5
"""Of a group."""
CLEAR = 1.5
"""A group is told whose mean error is so many of its standard errors above that of all rows."""


@dataclass(frozen=True)
class Division:
    """The rows of one trial: what is sent, what stays, and words about the former."""

    sent: tuple[Packed, Packed, Packed]
    """``x``, ``y`` and ``test_data``."""
    actual: NDArray[Any]
    """The labels of ``test_data``."""
    features: pd.DataFrame
    """``test_data``, as it was sent."""
    words: Mapping[str, str]


def where_errors_are(features: pd.DataFrame, actual: NDArray[Any], predicted: NDArray[Any], residuals: Any) -> str:
    """The words; features, labels and predictions are those of a train trial's held-out rows.

    Args:
        features: what was predicted from, one row each.
        actual: the labels.
        predicted: the predictions.
        residuals: of each row, in what the score is computed from; None for classes.
    """
    import numpy as np

    if residuals is None:
        wrong = actual != predicted
        pairs = Counter(zip(actual[wrong].tolist(), predicted[wrong].tolist(), strict=True))
        lines = [f"{int(wrong.sum())} of {len(actual)} rows wrong"]
        if pairs:
            told = (f"{a} taken for {p}: {count}" for (a, p), count in pairs.most_common(CONFUSIONS))
            lines.append(f"  confusions, with their rows: {', '.join(told)}")
        errors = wrong.astype(float)
    else:
        errors = np.abs(residuals)
        order = np.argsort(-errors, kind="stable")[:LARGEST]
        lines = [f"residuals, as the score counts them: mean {np.mean(residuals):.4g}, mean size {np.mean(errors):.4g}"]
        rows = (f"predicted {predicted[i]:.6g}, actual {actual[i]:.6g}" for i in order)
        lines.append(f"  largest: {'; '.join(rows)}")
    groups = sorted(_groups(features, errors), key=lambda group: -group[0])[:LARGEST]
    if groups:
        unit = "share wrong" if residuals is None else "mean size of residuals"
        told = (f"{name}: {mean:.3g} in {count} rows" for _, name, mean, count in groups)
        lines.append(f"  groups with more ({unit}, {np.mean(errors):.3g} in all rows): {'; '.join(told)}")
    return "\n".join(lines)


def _groups(features: pd.DataFrame, errors: NDArray[Any]) -> Iterator[tuple[float, str, float, int]]:
    """How clearly a group has more errors than all rows, what it is called, its mean error and its rows."""
    spread = float(errors.std())
    if not spread:
        return
    for name in features.columns:
        for told, rows in _divided(features[name]):
            count = int(rows.sum())
            if LEAST_ROWS <= count < len(errors):
                mean = float(errors[rows].mean())
                clearness = (mean - float(errors.mean())) / (spread / count**0.5)
                if clearness > CLEAR:
                    yield clearness, f"{str(name)[:60]} {told}", mean, count


def _divided(column: pd.Series[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Groups of rows by a column's values, or by its quartiles; those without a value are one more."""
    import numpy as np
    import pandas as pd

    missing = column.isna().to_numpy()
    if missing.any():
        yield "missing", missing
    values = column[~missing]
    if values.nunique() <= FEW_VALUES:
        for value in sorted(values.unique(), key=str):
            yield f"= {written_cell(value)}", (column == value).fillna(False).to_numpy(dtype=bool)
    elif pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        edges = np.unique(np.quantile(numbers[~missing], [0, 0.25, 0.5, 0.75, 1]))
        for place, (low, high) in enumerate(pairwise(edges)):
            within = (numbers >= low if place == 0 else numbers > low) & (numbers <= high)
            yield f"from {low:.5g} to {high:.5g}", within
