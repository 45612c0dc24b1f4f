"""Arrays and frames over a line to a confined process."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.session import CallResult, Session, SessionDied
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote

encode = msgspec.msgpack.encode
needs_pandas = pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed (extra ml)")


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("numpy", choose(), str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


def ask(zygote: Zygote, text: str, value: Any, traced: bool = False) -> CallResult:
    program = Program([("work", "python", text)], "def workflow(x):\n    return work(x)\n")
    with Session(zygote, program, [0], Limits(answer_bytes=1 << 20), traced) as session:
        return session.call([0], [[value]])[0]


def test_arrays_in_arrays_out(zygote: Zygote) -> None:
    reply = ask(
        zygote, "def work(x):\n    x += 1\n    return [x, {'mean': x.mean()}]", np.zeros((300, 20)), traced=True
    )
    assert reply.failure is None
    array, rest = reply.result
    assert array.shape == (300, 20)
    assert array.min() == array.max() == 1
    assert rest == {"mean": 1.0}
    [call] = reply.calls
    assert "300 x 20, float64" in str(call.result)


def test_no_arrays_in_lists_out(zygote: Zygote) -> None:
    reply = ask(zygote, "import numpy as np\ndef work(x): return np.arange(x)", 3)
    assert reply.result == [0, 1, 2]


@pytest.mark.parametrize(
    "made", ["np.array([object()])", "np.zeros(2, 'i4,f8').astype('O')", "np.array([{1: {2}}], object)", "lambda: 0"]
)
def test_objects_come_back_as_words(zygote: Zygote, made: str) -> None:
    reply = ask(zygote, f"import numpy as np\ndef work(x): return {made}", np.zeros(2))
    if reply.failure is not None:
        assert (reply.failure.outcome, "not plain data" in reply.failure.message) == ("contract_broken", True)
    else:
        assert isinstance(reply.result, list)


def test_too_large_an_array_is_told(zygote: Zygote) -> None:
    reply = ask(zygote, "import numpy as np\ndef work(x): return np.zeros(1 << 18)", np.zeros(2))
    assert reply.failure is not None
    assert "at most 1,048,576 are allowed" in reply.failure.message


FORGERY = """
import os, msgspec
def work(x):
    message = b"A" + msgspec.msgpack.encode([[msgspec.msgpack.Ext({code}, {data}), None, []]])
    os.write(3, len(message).to_bytes(4, "little") + message)
"""


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (1, "msgspec.msgpack.encode(['|O', [1], b'12345678'])"),
        (1, "msgspec.msgpack.encode(['<f8', [1 << 28], b'12345678'])"),
        (2, "msgspec.msgpack.encode([5, 5])"),
        (3, "b''"),
    ],
)
def test_forged_answer_is_a_broken_protocol(zygote: Zygote, code: int, data: str) -> None:
    with pytest.raises(SessionDied, match="its message cannot be read") as caught:
        ask(zygote, FORGERY.format(code=code, data=data), np.zeros(2))
    assert caught.value.failure.outcome == "crashed"


def test_arrays_from_a_child_that_got_none_are_refused(zygote: Zygote) -> None:
    data = "msgspec.msgpack.encode(['<f8', [1], b'12345678'])"
    with pytest.raises(SessionDied, match="extension type"):
        ask(zygote, FORGERY.format(code=1, data=data), 2)
