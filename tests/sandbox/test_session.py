"""Sessions: an artifact in a confined child, called trial by trial, and told apart from everything else."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Call
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.session import CallResult, Session, SessionDied
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote, ZygoteLost
from genopt_gym.testing.transcript import still_running

WORKFLOW = "def workflow(x):\n    return work(x)\n"
LIMITS = Limits(call_seconds=1.0, cpu_seconds=20)


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("bare", choose(), str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


def program(text: str, workflow: str = WORKFLOW, **texts: str) -> Program:
    """An artifact of the component ``work``, and text components."""
    return Program([*((name, "text", words) for name, words in texts.items()), ("work", "python", text)], workflow)


def answers(
    zygote: Zygote, artifact: Program, rounds: Sequence[Sequence[Any]], traced: bool = False
) -> list[list[CallResult]]:
    """What an artifact answers when each trial is called with its ``x``, round after round."""
    seeds = list(range(len(rounds[0])))
    with Session(zygote, artifact, seeds, LIMITS, traced) as session:
        return [session.call(seeds, [[x] for x in xs]) for xs in rounds]


def results(zygote: Zygote, artifact: Program, rounds: Sequence[Sequence[Any]]) -> list[list[Any]]:
    replies = answers(zygote, artifact, rounds)
    assert [reply.failure for row in replies for reply in row if reply.failure] == []
    return [[reply.result for reply in row] for row in replies]


def test_each_call_is_answered_in_order(zygote: Zygote) -> None:
    assert results(zygote, program("def work(x): return 2 * x"), [[1, 2, 3], [4, 5, 6]]) == [[2, 4, 6], [8, 10, 12]]


def test_only_the_named_trials_are_called(zygote: Zygote) -> None:
    counting = program("calls = []\ndef work(x):\n    calls.append(x)\n    return len(calls)")
    with Session(zygote, counting, [0, 0, 0], LIMITS, traced=False) as session:
        session.call([0, 1, 2], [[0], [0], [0]])
        assert [reply.result for reply in session.call([2], [[0]])] == [2]
        assert [reply.result for reply in session.call([0, 2], [[0], [0]])] == [2, 3]


@pytest.mark.parametrize(
    "value",
    [None, True, -3, 2.5, "é漢\U0001f3ae", b"\0\xff", [1, [2, []]], {"a": {"b": 1}, 3: "c"}, 1 << 63, float("inf")],
)
def test_plain_data_passes_both_ways_unchanged(value: Any, zygote: Zygote) -> None:
    [[result]] = results(zygote, program("def work(x): return x"), [[value]])
    assert (result, type(result)) == (value, type(value))


def test_text_component_is_bound_as_a_string(zygote: Zygote) -> None:
    artifact = program("def work(x): return prompt + x", prompt='not = "code"\n')
    assert results(zygote, artifact, [["!"]]) == [['not = "code"\n!']]


def test_workflow_does_not_see_what_is_no_component(zygote: Zygote) -> None:
    artifact = program("helper = 3\ndef work(x): return x", workflow="def workflow(x):\n    return helper\n")
    [[reply]] = answers(zygote, artifact, [[0]])
    assert reply.failure is not None
    assert reply.failure.type == "NameError"


# --- trials are apart


def test_module_globals_live_as_long_as_a_trial(zygote: Zygote) -> None:
    counting = program("calls = []\ndef work(x):\n    calls.append(x)\n    return len(calls)")
    assert results(zygote, counting, [[0, 0], [0, 0]]) == [[1, 1], [2, 2]]
    assert results(zygote, counting, [[0, 0]]) == [[1, 1]]


def test_randomness_is_the_trials_own(zygote: Zygote) -> None:
    """A trial draws the same numbers whatever other trials of its block do."""
    drawing = program("import random\ndef work(x): return [random.random() for _ in range(x)]")
    [first, second] = results(zygote, drawing, [[1, 1], [2, 2]])
    assert first[0] != first[1]
    [alone, more] = results(zygote, drawing, [[1, 5], [2, 1]])
    assert [alone[0], more[0]] == [first[0], second[0]]
    assert alone[1] == first[1] + second[1] + alone[1][3:]


def test_environment_holds_no_secret(zygote: Zygote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    other = Zygote("bare", choose(), str(tmp_path))
    try:
        artifact = program("import os\ndef work(x): return dict(os.environ)")
        [[environment]] = results(other, artifact, [[0]])
    finally:
        other.close()
    assert "sk-secret" not in str(environment)
    assert environment["HOME"] == environment["TMPDIR"]


def test_scratch_folder_is_the_sessions_own(zygote: Zygote) -> None:
    """It can be written, it is empty at the start, and it is gone after the session."""
    text = "import os\ndef work(x):\n    open('left', 'w').write('x')\n    return [os.getcwd(), os.listdir()]"
    folders = []
    for _ in range(2):
        [[[folder, names]]] = results(zygote, program(text), [[0]])
        assert names == ["left"]
        assert not os.path.exists(folder)
        folders.append(folder)
    assert folders[0] != folders[1]


# --- the trace of a call


def test_component_calls_are_traced_with_arguments_and_results(zygote: Zygote) -> None:
    artifact = Program(
        [("add", "python", "def add(x, y): return [x, y]"), ("work", "python", "def work(x, both): return both[1]")],
        "def workflow(x):\n    return work(x, add(x, y=5))\n",
    )
    [[reply]] = answers(zygote, artifact, [[{"a": 1}]], traced=True)
    ref = {"$ref": "x"}
    assert reply.calls == [
        Call("add", [ref, 5], [{"a": 1}, 5]),
        Call("work", [ref, {"$ref": "add"}], 5),
    ]


def test_what_a_component_returned_is_told_as_it_was_then(zygote: Zygote) -> None:
    artifact = program(
        "def work(x): return [x]", workflow="def workflow(x):\n    y = work(x)\n    y.append(99)\n    return y\n"
    )
    [[reply]] = answers(zygote, artifact, [[1]], traced=True)
    assert reply.result == [1, 99]
    assert reply.calls[0].result == [1]


def test_untraced_calls_are_not_reported(zygote: Zygote) -> None:
    [[reply]] = answers(zygote, program("def work(x): return x"), [[1]])
    assert reply.calls == []


def test_calls_before_an_exception_are_told(zygote: Zygote) -> None:
    artifact = program("def work(x): return x", workflow="def workflow(x):\n    work(x)\n    return 1 / 0\n")
    [[reply]] = answers(zygote, artifact, [[1]], traced=True)
    assert reply.failure is not None
    assert reply.failure.type == "ZeroDivisionError"
    assert [call.component for call in reply.calls] == ["work"]


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("object()", "<object object at 0x…>"),
        ("'x' * 5000", "<str, too large to show>"),
        ("print", "<built-in function print>"),
        ("'\\ud800'", "'\\ud800'"),
    ],
)
def test_values_that_are_not_plain_are_shown_as_words(result: str, shown: str, zygote: Zygote) -> None:
    artifact = program(f"def work(x): return {result}", workflow="def workflow(x):\n    work(x)\n    return 0\n")
    [[reply]] = answers(zygote, artifact, [[1]], traced=True)
    assert reply.calls[0].result == shown


def test_of_a_thousand_calls_some_are_shown_and_the_rest_counted(zygote: Zygote) -> None:
    artifact = program("def work(x): return x", workflow="def workflow(x):\n    return [work(i) for i in range(999)]\n")
    [[reply]] = answers(zygote, artifact, [[1]], traced=True)
    assert [call.component for call in reply.calls] == ["work"] * 16 + ["more calls not shown"]
    assert reply.calls[-1].result == 999 - 16


# --- ends


def test_death_tells_the_trial_in_hand(zygote: Zygote) -> None:
    dying = program("import os\ndef work(x): return os._exit(1) if x == 3 else x")
    with Session(zygote, dying, [0] * 4, LIMITS, traced=False) as session:
        session.call([0, 1, 2, 3], [[0]] * 4)
        with pytest.raises(SessionDied) as caught:
            session.call([0, 2, 3], [[0], [3], [0]])
    assert caught.value.slot == 2
    assert caught.value.failure.outcome == "crashed"


def test_time_limit_is_per_call_not_per_round(zygote: Zygote) -> None:
    """Four trials of a third of the limit each are no timeout."""
    sleeping = program("import time\ndef work(x): time.sleep(x)")
    assert results(zygote, sleeping, [[0.3] * 4]) == [[None] * 4]


def test_processor_time_is_limited_over_all_calls(zygote: Zygote) -> None:
    text = "import time\ndef work(x):\n    end = time.perf_counter() + 0.4\n    while time.perf_counter() < end: pass"
    limits = Limits(call_seconds=5.0, cpu_seconds=1)
    with Session(zygote, program(text), [0], limits, False) as session, pytest.raises(SessionDied) as caught:
        call_for_ever(session)
    assert (caught.value.failure.outcome, caught.value.failure.type) == ("timeout", "CpuLimit")


def call_for_ever(session: Session) -> None:
    while True:
        session.call([0], [[0]])


def test_flood_of_prompts_ends(zygote: Zygote) -> None:
    flood = program("def work(x):\n    while True:\n        try: llm('x')\n        except PermissionError: pass")
    limits = Limits(call_seconds=0.5, cpu_seconds=1)
    started = time.monotonic()
    with pytest.raises(SessionDied) as caught, Session(zygote, flood, [0], limits, traced=False) as session:
        session.call([0], [[0]])
    assert caught.value.failure.outcome == "timeout"
    assert time.monotonic() - started < 20


def test_granted_model_answers_up_to_its_limit(zygote: Zygote) -> None:
    asking = program("def work(x): return llm(x)")
    limits = Limits(call_seconds=1.0, cpu_seconds=5, llm_calls=2)
    with Session(zygote, asking, [0, 0], limits, traced=False, llm=str.upper) as session:
        assert [r.result for r in session.call([0, 1], [["a"], ["b"]])] == ["A", "B"]
        assert [r.result for r in session.call([0], [["c"]])] == ["C"]
        [reply] = session.call([0], [["d"]])
    assert reply.failure is not None
    assert (reply.failure.outcome, reply.failure.message[:30]) == ("forbidden", "[Errno 1] a trial may call the")


def test_close_ends_a_child_that_is_busy(zygote: Zygote) -> None:
    [parent] = [p for p in psutil.Process().children() if p.pid == zygote_pid(zygote)]
    session = Session(zygote, program("def work(x): return x"), [0], LIMITS, traced=False)
    [child] = parent.children()
    session.close()
    assert not child.is_running()
    session.close()  # once more does no harm


def test_lost_zygote_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    zygote = Zygote("bare", choose(), str(tmp_path))
    session = Session(zygote, program("def work(x): return x"), [0], LIMITS, traced=False)
    [child] = psutil.Process(zygote_pid(zygote)).children()
    os.kill(zygote_pid(zygote), signal.SIGKILL)
    with pytest.raises(ZygoteLost):
        call_for_ever(session)
    with pytest.raises(ZygoteLost):
        session.close()  # and does not close again what may be another's descriptor by now
    with pytest.raises(ZygoteLost):
        Session(zygote, program("def work(x): return x"), [0], LIMITS, traced=False)
    zygote.close()
    assert still_running([(child.pid, child.create_time())]) == 0
    assert list(tmp_path.iterdir()) == []


def zygote_pid(zygote: Zygote) -> int:
    return zygote._process.pid
