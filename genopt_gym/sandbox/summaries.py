"""What a data person would look at first: shapes, types, missing values, the first rows, balance, a model's parameters.

The same value gives the same words in every run. Written for the confined process, and used by the trusted worker
for what it sends there; NumPy must be loaded, pandas and scikit-learn are only asked for if they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from genopt_gym.core.summary import summary_text

SMALL = 256
"""An array of at most so many numbers is shown as it is."""
MAX_COLUMNS = 40
MAX_ITEMS = 8
MAX_CLASSES = 20
"""Numbers that take at most so many different values are counted, if they are not few themselves."""
HEAD_ROWS = 3
LINE_CHARS = 300
SUMMARY_CHARS = 6000
NAMES_CHARS = 600
MODEL_CHARS = 600
MAX_WEIGHTS = 8
SMALL_FACTS = (
    *("classes_", "n_iter_", "best_params_", "best_score_", "best_iteration_", "alpha_", "intercept_", "n_support_"),
    "n_features_in_",
)
"""What fitting leaves in many models that is told if it is small."""


def is_data(value: Any, depth: int = 3) -> bool:
    """Whether a summary says more than the value: frames, large arrays, models, and containers of these."""
    kind = type(value)
    if kind in (tuple, list, dict):
        items = list(value.values()) if kind is dict else value
        if len(items) > SMALL and all(type(item) in (int, float, bool) for item in items):
            return True
        return depth > 0 and len(items) <= SMALL and any(is_data(item, depth - 1) for item in items)
    if _is_pandas(value) or is_model(value):
        return True
    return isinstance(value, sys.modules["numpy"].ndarray) and bool(value.size > SMALL)


def is_model(value: Any) -> bool:
    """Whether it looks as scikit-learn's estimators and transformers do."""
    kind = type(value)
    return hasattr(kind, "get_params") and (hasattr(kind, "fit") or hasattr(kind, "fit_transform"))


def summary(value: Any) -> str:
    """A few lines on a value for which ``is_data``."""
    return "\n".join(line[:LINE_CHARS] for line in _lines(value))[:SUMMARY_CHARS]


def summary_parts(value: Any) -> str | list[str]:
    """As ``summary``; of a tuple a text for each item, where every item has a place in what may be told.

    ``summary_text`` gives the same text for both.
    """
    if type(value) is not tuple or len(value) > MAX_ITEMS:
        return summary(value)
    items = [_item_lines(place, item) for place, item in enumerate(value)]
    # The place stands before each item's first line.
    parts = ["\n".join(line[:LINE_CHARS] for line in lines)[len(f"[{place}] ") :] for place, lines in enumerate(items)]
    text = summary_text(parts)
    excess = max(0, len(text) - SUMMARY_CHARS)
    if parts and excess < len(parts[-1]):
        return [*parts[:-1], parts[-1][: len(parts[-1]) - excess]]
    return text[:SUMMARY_CHARS]


def _item_lines(key: Any, item: Any) -> Iterator[str]:
    first, *rest = _lines(item)
    yield f"[{key!r}] {first}"
    yield from (f"  {line}" for line in rest)


def _lines(value: Any) -> Iterator[str]:
    np, pd = sys.modules["numpy"], sys.modules.get("pandas")
    if pd is not None and isinstance(value, pd.DataFrame):
        yield from _frame_lines(value)
    elif _is_pandas(value) or (isinstance(value, np.ndarray) and value.ndim == 1):
        yield f"{type(value).__name__} of {len(value)}, {_column_line(value)}"
        yield "  first: " + ", ".join(written_cell(cell) for cell in value[:5].tolist())
    elif isinstance(value, np.ndarray):
        yield from _array_lines(value)
    elif type(value) is list and len(value) > SMALL:
        yield f"list of {len(value)}, {_column_line(np.asarray(value))}"
        yield "  first: " + ", ".join(map(written_cell, value[:5]))
    elif type(value) in (tuple, list, dict):
        items = list(value.items()) if type(value) is dict else list(enumerate(value))
        yield f"{type(value).__name__} of {len(items)}"
        for key, item in items[:MAX_ITEMS]:
            yield from _item_lines(key, item)
        if len(items) > MAX_ITEMS:
            yield f"and {len(items) - MAX_ITEMS} more"
    elif is_model(value):
        yield from _model_lines(value)
    else:
        yield ascii(value)[:200]


def _is_pandas(value: Any) -> bool:
    pd = sys.modules.get("pandas")
    return pd is not None and isinstance(value, pd.DataFrame | pd.Series | pd.Index)


def _frame_lines(frame: Any) -> Iterator[str]:
    rows, width = frame.shape
    missing = int(frame.isna().to_numpy().sum())
    yield f"DataFrame, {rows} rows x {width} columns" + (f", {missing} values missing" if missing else "")
    shown = frame.iloc[:, :MAX_COLUMNS]
    for position, name in enumerate(shown.columns):
        yield f"  {str(name)[:60]}: {_column_line(shown.iloc[:, position])}"
    if width > MAX_COLUMNS:
        rest = [str(name) for name in frame.columns[MAX_COLUMNS:]]
        kinds = frame.dtypes.iloc[MAX_COLUMNS:].astype(str).value_counts(sort=False)
        counts = ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds.index))
        yield f"  and {len(rest)} more columns ({counts}):"
        yield from (f"    {line}" for line in _filled_lines(rest))
    if rows:
        yield f"  first {min(rows, HEAD_ROWS)} rows:"
        head = shown.head(HEAD_ROWS)
        yield "    " + ",".join(str(name) for name in head.columns)
        for row in head.to_numpy(dtype=object).tolist():
            yield "    " + ",".join(map(written_cell, row))


def _column_line(column: Any) -> str:
    """dtype, missing values, and how the rest is distributed."""
    np, pd = sys.modules["numpy"], sys.modules.get("pandas")
    missing = column.isna() if _is_pandas(column) else column != column
    count = int(np.sum(missing))
    words = [str(column.dtype)] + ([f"{count} missing"] if count else [])
    present = column[~missing] if count else column
    if not len(present):
        return ", ".join([*words, "no values"])
    values = present.to_numpy() if _is_pandas(present) else present
    if values.dtype.kind in "biuf":
        distinct = np.unique(values[: 10 * MAX_CLASSES])
        if values.dtype.kind == "b":
            words.append(f"{_percent(np.mean(values))} true")
        elif len(distinct) <= MAX_CLASSES // 2 and 2 * len(distinct := np.unique(values)) <= min(
            len(values), 2 * MAX_CLASSES
        ):
            words.append(_shares([(written_cell(v.item()), int(np.sum(values == v))) for v in distinct], len(values)))
        else:
            low, middle, high = (float(f(values)) for f in (np.min, np.median, np.max))
            words.append(f"{low:.5g} to {high:.5g}, mean {float(np.mean(values)):.5g}, median {middle:.5g}")
            if len(np.unique(values)) == len(values) > MAX_CLASSES and values.dtype.kind in "iu":
                words.append("each another")
    elif pd is not None:
        codes, table = pd.factorize(present)
        counts = np.bincount(codes, minlength=len(table))
        order = np.argsort(-counts, kind="stable")[:MAX_ITEMS]
        if len(table) > max(MAX_CLASSES, len(present) // 2):
            words.append(f"{len(table)} different values, such as {written_cell(table[0])}")
        else:
            shares = [(written_cell(table[i]), int(counts[i])) for i in order]
            words.append(f"{len(table)} different values: " + _shares(shares, len(present)))
    return ", ".join(words)


def _array_lines(array: Any) -> Iterator[str]:
    np = sys.modules["numpy"]
    shape = " x ".join(map(str, array.shape))
    if array.dtype.kind not in "biuf" or not array.size:
        yield f"ndarray, {shape}, {array.dtype}"
        return
    missing = int(np.sum(array != array))
    lost = f", {missing} missing" if missing else ""
    low, mean, high = (float(f(array)) for f in (np.nanmin, np.nanmean, np.nanmax))
    yield f"ndarray, {shape}, {array.dtype}{lost}, {low:.5g} to {high:.5g}, mean {mean:.5g}"
    yield "  begins: " + ", ".join(map(written_cell, array.reshape(-1)[:MAX_ITEMS].tolist()))


def _model_lines(model: Any) -> Iterator[str]:
    """Class, parameters that are not the default, and what fitting has left: of a pipeline, in each of its steps."""
    yield " ".join(repr(model).split())[:MODEL_CHARS]
    steps = _found(model, "steps")
    parts = [part for _, part in steps] if type(steps) is list and all(type(s) is tuple for s in steps) else [model]
    fitted = [(part, list(_fitted_facts(part))) for part in parts if is_model(part)]
    told = [(part, facts) for part, facts in fitted if facts]
    if not told:
        yield "  not fitted"
    for part, facts in told:
        whose = "" if part is model else f" {type(part).__name__}"
        yield from (f"  fitted{whose}: {fact}" for fact in facts)


def _fitted_facts(model: Any) -> Iterator[str]:
    """A line each for what says most: coefficients, kernels; then what is small, on one line."""
    for name in ("coef_", "feature_importances_"):
        if (found := _found(model, name)) is not None:
            yield from _weights(name[:-1].replace("_", " "), found, _found(model, "feature_names_in_"))
    if (kernel := _found(model, "kernel_")) is not None:
        yield f"kernel {kernel}"
    small = []
    for name in SMALL_FACTS:
        found = _found(model, name)
        if found is not None and getattr(found, "size", 1) <= MAX_CLASSES:
            small.append(f"{name[:-1]} {str(_plain(found))[:120]}")
    if small:
        yield "; ".join(small)


def _weights(what: str, found: Any, names: Any) -> Iterator[str]:
    """The largest weights with the names of what they weigh; over several outputs the largest of each."""
    np = sys.modules["numpy"]
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or found.ndim not in (1, 2) or not found.size:
        return
    rows = np.atleast_2d(found)
    weights = rows[np.argmax(np.abs(rows), axis=0), np.arange(rows.shape[1])]
    order = np.argsort(-np.abs(weights), kind="stable")[:MAX_WEIGHTS]
    known = isinstance(names, np.ndarray) and len(names) == len(weights)
    told = ", ".join(f"{str(names[i])[:60] if known else f'x{i}'} {weights[i]:.4g}" for i in order)
    of = f" of {len(weights)}" if len(weights) > len(order) else ""
    yield f"{what}{f', largest {len(order)}{of}' if of else ''}: {told}"


def _found(model: Any, name: str) -> Any:
    """What fitting has left under a name; None where there is nothing, or to ask for it raises."""
    try:
        return getattr(model, name)
    except Exception:
        return None


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _filled_lines(names: list[str]) -> Iterator[str]:
    """Names in lines, none of them broken; how many have no room."""
    line, room = "", NAMES_CHARS
    for place, name in enumerate(names):
        word = name[:60] + ", " * (place < len(names) - 1)
        room -= len(word)
        if room < 0:
            line += f"and {len(names) - place} more"
            break
        if len(line) + len(word) > LINE_CHARS - 4:
            yield line.rstrip()
            line = ""
        line += word
    yield line.rstrip()


def _shares(counts: list[tuple[str, int]], total: int) -> str:
    return ", ".join(f"{name} {_percent(count / total)}" for name, count in counts)


def _percent(share: Any) -> str:
    return f"{100 * float(share):.3g}%"


def written_cell(value: Any) -> str:
    """A value in a few characters; empty for NaN."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.5g}"
    return str(value)[:60]
