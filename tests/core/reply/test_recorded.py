"""Replies of a strong model in recorded runs give the edits that were made of them then."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.edit import UnparsableEdit, parse_edit
from genopt_gym.core.journal import read_journal

DATA = os.environ.get("GENOPT_TEST_DATA")
RUNS = sorted(Path(DATA).glob("strong-model/*/replies.jsonl")) if DATA else []


@pytest.mark.skipif(not RUNS, reason="GENOPT_TEST_DATA names no recorded runs")
@pytest.mark.parametrize("path", RUNS, ids=[path.parent.name for path in RUNS])
def test_each_reply_comes_to_the_artifact_of_its_step(path: Path) -> None:
    steps = read_journal(path.parent / "steps.jsonl")[0]
    artifacts = [texts_of(path.parent / "artifacts" / f"{row['artifact']}.json") for row in steps]
    replies = [row["reply"]["text"] for row in read_journal(path)[0] if "reply" in row]
    step = 0
    for number, reply in enumerate(replies):
        try:
            edit = parse_edit(reply, artifacts[step])
        except UnparsableEdit:
            assert len(replies) - number > len(artifacts) - 1 - step  # it was asked for once more
            continue
        if (step := step + 1) == len(artifacts):
            break  # the run had ended before this one's step
        made = {**artifacts[step - 1], **edit}
        too_long = max(map(len, made.values())) > MAX_TEXT_CHARS
        assert steps[step]["outcome"] == "contract_broken" if too_long else made == artifacts[step]


def texts_of(path: Path) -> dict[str, str]:
    return {name: text for name, _, text in json.loads(path.read_text(encoding="utf-8"))["components"]}
