"""Every reply of the corpus gives the edit that it means, or the words that say why it gives none."""

from __future__ import annotations

import pytest

from genopt_gym.core.edit import UnparsableEdit, parse_edit
from tests.core.reply.corpus import CASES
from tests.core.reply.shapes import TEXTS, Case


def test_the_corpus_is_large() -> None:
    assert len({case.reply for case in CASES}) >= 160


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_reply(case: Case) -> None:
    if isinstance(case.expected, dict):
        assert parse_edit(case.reply, TEXTS) == case.expected
    else:
        with pytest.raises(UnparsableEdit) as refused:
            parse_edit(case.reply, TEXTS)
        assert case.expected in str(refused.value)
        assert "\n" not in str(refused.value)
