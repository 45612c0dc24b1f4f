"""Examples by split: no content in two of them, and each kind in all of them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from genopt_gym.core.checks import number
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.task import SPLITS
from genopt_gym.envs.own.rows import OwnExample, need_columns, rows_told

SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}
"""Where no sizes are given."""
FEWEST = 6
"""Different examples, where no sizes are given: two for each split."""

Sizes = Mapping[str, int | float | None]


def split_examples(
    examples: Sequence[OwnExample],
    sizes: Sizes,
    *,
    seed: int,
    content: Sequence[str],
    stratify: str | None = None,
    column: str | None = None,
    data: Any = None,
) -> dict[str, list[OwnExample]]:
    """Examples by split.

    Args:
        examples: all of them.
        sizes: by split: a whole number of examples, or a share below 1; ``None`` for all three takes ``SHARES``.
        seed: orders them before they are cut.
        content: columns by which two examples are the same; the same ones stay in one split.
        stratify: column whose values are spread over the splits as they are over all.
        column: that names the split of each; nothing is drawn then.
        data: where they are from, for messages.

    Raises:
        ParameterError: there are too few, or content lies in two splits.
    """
    if column is not None:
        return _as_told(examples, column, content, data)
    if stratify is not None:
        need_columns(examples, [stratify], "stratify names", data)
    groups: dict[str, list[OwnExample]] = defaultdict(list)
    for example in examples:
        groups[key_of(example, content)].append(example)
    wanted = _wanted(sizes, len(examples), len(groups))
    found: dict[str, list[OwnExample]] = {split: [] for split in SPLITS}
    kinds: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    for key in sorted(groups, key=lambda key: hashlib.sha256(f"{seed}/{key}".encode()).digest()):
        group = groups[key]
        counts = kinds["" if stratify is None else str(group[0].values[stratify])]
        open_splits = [split for split in SPLITS if len(found[split]) + len(group) <= wanted[split]]
        if not open_splits and sum(wanted.values()) < len(examples):
            continue
        # Where all are to be used, the same ones stay together, and a split has some more than it was to have.
        open_splits = open_splits or list(SPLITS)
        taken = {split: len(found[split]) for split in open_splits}
        chosen = _furthest_behind(taken, wanted, counts, sum(counts.values()) + len(group))
        counts[chosen] += len(group)
        found[chosen] += group
    if empty := [split for split in SPLITS if not found[split]]:
        raise ParameterError(
            f"{len(examples)} examples of {len(groups)} different contents leave none for {' and '.join(empty)}: give "
            "more, or other sizes",
            "data",
        )
    return found


def _furthest_behind(taken: Mapping[str, int], wanted: Mapping[str, int], counts: Mapping[str, int], total: int) -> str:
    """The split furthest behind its share of a kind that will have ``total``; of all kinds, where it is a tie."""
    most = sum(wanted.values())
    behind = {split: (wanted[split] / most * total - counts[split], wanted[split] - taken[split]) for split in taken}
    return max(behind, key=lambda split: behind[split])


def key_of(example: OwnExample, columns: Sequence[str]) -> str:
    """An example's content: what is written in these columns, whatever blanks lie between."""
    values = [example.values[column] for column in columns]
    return json.dumps([" ".join(value.split()) if isinstance(value, str) else value for value in values], default=str)


def _wanted(sizes: Sizes, count: int, different: int) -> dict[str, int]:
    """How many examples each split is to have."""
    if all(size is None for size in sizes.values()):
        if different < FEWEST:
            raise ParameterError(
                f"{different} different examples are too few to split into train, validation and test: give {FEWEST} "
                "or more, or say train_size, validation_size and test_size",
                "data",
            )
        sizes = SHARES
    wanted: dict[str, int] = {}
    left = [split for split, size in sizes.items() if size is None]
    for split, size in sizes.items():
        if size is None:
            continue
        number(f"{split}_size", size, above=0, parameter=f"{split}_size")
        wanted[split] = max(1, int(size * count + 1e-9)) if isinstance(size, float) and size < 1 else int(size)
    rest = count - sum(wanted.values())
    if rest < len(left):
        told = ", ".join(f"{split} {size}" for split, size in wanted.items())
        raise ParameterError(f"there are {count} examples, too few for {told}", "data")
    for place, split in enumerate(left):
        wanted[split] = rest // len(left) + (place < rest % len(left))
    shares = [size for size in sizes.values() if isinstance(size, float) and size < 1]
    if sum(shares) > 1 - 1e-6:  # what rounding has left
        wanted["train"] += count - sum(wanted.values())
    return wanted


def _as_told(
    examples: Sequence[OwnExample], column: str, content: Sequence[str], data: Any
) -> dict[str, list[OwnExample]]:
    need_columns(examples, [column], "split names", data)
    found: dict[str, list[OwnExample]] = {split: [] for split in SPLITS}
    if odd := [example.row for example in examples if example.values[column] not in SPLITS]:
        raise ParameterError(f"{rows_told(odd)} no split in {column!r}: it is train, validation or test", "data")
    seen: dict[str, OwnExample] = {}
    for example in examples:
        found[example.values[column]].append(example)
        first = seen.setdefault(key_of(example, content), example)
        if first.values[column] != example.values[column]:
            raise ParameterError(
                f"rows {first.row} and {example.row} are the same example, in {first.values[column]} and in "
                f"{example.values[column]}: leave it in one of the splits",
                "data",
            )
    if empty := [split for split in SPLITS if not found[split]]:
        raise ParameterError(f"no row is of the split {' or '.join(empty)}", "data")
    return found
