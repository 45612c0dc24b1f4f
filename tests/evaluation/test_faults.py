"""Artifact code may do anything: its own trial fails with a documented outcome, and no other trial is harmed."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Failure, View
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluation, Evaluator

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"train_size": 4})
CULPRIT, STEP = 1, 3
"""Which of the four trials of the block goes wrong, and at which inner step."""


class Fault(NamedTuple):
    """What the policy does at one moment of one trial, and what is to be told of it."""

    name: str
    statement: str
    outcome: str
    type: str
    message: str = ""
    """A part of it."""
    prelude: str = ""
    """Lines before the policy."""
    line: int | None = None
    """Of the component's text, where one is to blame; -1 is the statement's own."""


EXCEPTIONS = [
    Fault("raise", "raise ValueError('no way')", "runtime_error", "ValueError", "no way", line=-1),
    Fault("exit", "raise SystemExit(3)", "runtime_error", "SystemExit", "3", line=-1),
    Fault("interrupt", "raise KeyboardInterrupt", "runtime_error", "KeyboardInterrupt", line=-1),
    Fault(
        "gigabyte of output",
        "for _ in range(1024): print('x' * (1 << 20))",
        *("runtime_error", "OSError", "limit on the size of output"),
        line=-1,
    ),
    Fault("memory at once", "bytearray(1 << 40)", "out_of_memory", "MemoryError", "memory limit", line=-1),
    Fault(
        "memory by and by",
        "hoard = [numpy.empty(1 << 25) for _ in range(100)]",
        *("out_of_memory", "MemoryError", "memory limit"),
        prelude="import numpy\n",
        line=-1,
    ),
    Fault(
        "deep recursion",
        "dig()",
        *("runtime_error", "RecursionError", "recursion"),
        prelude="def dig():\n    dig()\n",
        line=2,
    ),
    Fault(
        "hostile __str__",
        "raise Hostile",
        *("runtime_error", "Hostile", "cannot be read"),
        prelude="class Hostile(Exception):\n    def __str__(self):\n        raise SystemExit\n    __repr__ = __str__\n",
        line=-1,
    ),
    Fault(
        "address in a message",
        "raise ValueError(object())",
        *("runtime_error", "ValueError", "<object object at 0x…>"),
        line=-1,
    ),
    Fault("half a character", "raise ValueError('\\ud800')", "runtime_error", "ValueError", "\\ud800", line=-1),
]

RESULTS = [
    Fault("wrong type", "return 'left'", "contract_broken", "ValueError", "'left'"),
    Fault("out of range", "return 7", "contract_broken", "ValueError", "7"),
    Fault("no integer", "return True", "contract_broken", "ValueError", "True"),
    Fault("nothing", "return None", "contract_broken", "ValueError", "None"),
    Fault("not a number", "return float('nan')", "contract_broken", "ValueError", "nan"),
    Fault("unplain", "return object()", "contract_broken", "TypeError", "not plain data"),
    Fault("huge integer", "return 1 << 100", "contract_broken", "TypeError", "not plain data"),
    Fault("half a character", "return '\\ud800'", "contract_broken", "TypeError", "not plain data"),
    Fault("huge", "return 'x' * (1 << 20)", "contract_broken", "ValueError", "1,048,581 bytes"),
    Fault(
        "hostile __repr__",
        "return Hostile()",
        *("contract_broken", "TypeError", "<Hostile>, which is not plain data"),
        prelude="class Hostile:\n    def __repr__(self):\n        raise SystemExit\n    __str__ = __repr__\n",
    ),
]

FORBIDDEN = [
    Fault("file", "open('/etc/passwd')", "forbidden", "PermissionError", "no files outside", line=-1),
    Fault(
        "socket", "socket.socket()", "forbidden", "PermissionError", "no network", prelude="import socket\n", line=-1
    ),
    Fault("process", "os.fork()", "forbidden", "PermissionError", "processes", prelude="import os\n", line=-1),
    Fault(
        "thread",
        "threading.Thread(target=print).start()",
        *("forbidden", "RuntimeError", "threads"),
        prelude="import threading\n",
        line=-1,
    ),
    Fault("kill", "os.kill(1, 9)", "forbidden", "PermissionError", "", prelude="import os\n", line=-1),
    Fault("model", "llm('hello')", "forbidden", "PermissionError", "this task grants no model", line=-1),
]

ENDS = [
    Fault("os._exit", "os._exit(3)", "crashed", "ProcessEnded", "exit code 3", "import os\n"),
    Fault("segfault", "ctypes.string_at(0)", "crashed", "ProcessEnded", "SIGSEGV", "import ctypes\n"),
    Fault("closed line", "os.close(3); time.sleep(9)", "crashed", "ProcessEnded", "", "import os, time\n"),
    Fault("loop", "while True: pass", "timeout", "Timeout", "longer than the 1 s allowed", line=-1),
    Fault("sleep", "time.sleep(100)", "timeout", "Timeout", "longer than the 1 s", "import time\n", line=-1),
]


ALL = [*EXCEPTIONS, *RESULTS, *FORBIDDEN, *ENDS]

FORGED_MESSAGES = {
    "garbage": r"b'A\xc1'",
    "nothing": "b''",
    "no answers": r"b'A\x90'",
    "unknown outcome": r"b'A\x94' + 4 * b'\x93\xc0\x96\xa6banana\xa1X\xa1m\xc0\xc0\xa0\x90'",
    "outcome that means success": r"b'A\x94' + 4 * b'\x93\xc0\x96\xa2ok\xa1X\xa1m\xc0\xc0\xa0\x90'",
    "key that cannot be one": r"b'A\x94' + 4 * b'\x93\x81\x80\x01\xc0\x90'",
    "bottomless": r"b'A\x94' + 4 * (b'\x93' + b'\x91' * 5000 + b'\xc0\xc0\x90')",
    "unreadable prompt": r"b'L\xc1'",
}
"""What a policy may write to its line; a task that grants no model refuses prompts before it reads them."""


def policy(fault: Fault, moment: str) -> str:
    """A policy that does what it must not when ``moment`` is true of ``obs``."""
    otherwise = "return 1 if obs['pole_angle'] > 0 else 0"
    return f"{fault.prelude}def policy(obs):\n    if {moment}:\n        {fault.statement}\n    {otherwise}\n"


def writing_to_the_line(data: str) -> str:
    """A policy that writes bytes past the workflow, at each call."""
    return f"import os\ndef policy(obs):\n    os.write(3, {data})\n    return 0\n"


def framed(message: str) -> str:
    return f"len({message}).to_bytes(4, 'little') + {message}"


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(SPEC)


@pytest.fixture(scope="module")
def start(evaluator: Evaluator) -> Artifact:
    return evaluator.task.starting_artifact("one_function/naive")


@pytest.fixture(scope="module")
def unharmed(evaluator: Evaluator, start: Artifact) -> Evaluation:
    """The block as it runs without a fault."""
    return evaluator.evaluate(start, "train", View(None))


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_fault_in_one_trial_of_a_block(
    fault: Fault, evaluator: Evaluator, start: Artifact, unharmed: Evaluation
) -> None:
    place = unharmed.trials[CULPRIT].events[STEP].observation["cart_position"]
    text = policy(fault, f"obs['cart_position'] == {place!r}")
    evaluation = evaluator.evaluate(start.edited({"policy": text}), "train", View(None))
    trial = evaluation.trials[CULPRIT]

    failure = trial.failure
    assert failure is not None
    assert (failure.outcome, failure.type, failure.step) == (fault.outcome, fault.type, STEP)
    assert fault.message in failure.message
    expected_line = fault.prelude.count("\n") + 3 if fault.line == -1 else fault.line
    assert (failure.component, failure.line) == (("policy", expected_line) if expected_line else (None, None))
    assert failure.source == (text.splitlines()[expected_line - 1].strip() if expected_line else "")
    assert trial.score == trial.window_score == evaluator.task.metric.low
    assert len(failure.output) <= 500

    others = [number for number in range(4) if number != CULPRIT]
    assert [evaluation.trials[number] for number in others] == [unharmed.trials[number] for number in others]


def test_evidence_of_the_failing_trial_goes_up_to_the_failing_step(
    evaluator: Evaluator, start: Artifact, unharmed: Evaluation
) -> None:
    place = unharmed.trials[CULPRIT].events[STEP].observation["cart_position"]
    text = policy(EXCEPTIONS[0], f"obs['cart_position'] == {place!r}")
    trial = evaluator.evaluate(start.edited({"policy": text}), "train", View(None)).trials[CULPRIT]
    assert trial.events[:STEP] == unharmed.trials[CULPRIT].events[:STEP]
    last = trial.events[-1]
    assert (last.step, last.observation["cart_position"], last.action) == (STEP, place, None)


def test_what_the_artifact_printed_last_is_told(evaluator: Evaluator, start: Artifact) -> None:
    text = "def policy(obs):\n    print('x' * 600 + 'angle', round(1.5))\n    raise ValueError\n"
    [trial, *_] = evaluator.evaluate(start.edited({"policy": text}), "train").trials
    assert trial.failure is not None
    assert trial.failure.output.endswith("xangle 2\n")
    assert len(trial.failure.output) == 500


def test_syntax_error_that_no_check_has_caught(evaluator: Evaluator, start: Artifact) -> None:
    [trial, *_] = evaluator.evaluate(start.edited({"policy": "def policy(obs):\n    return (\n"}), "train").trials
    assert trial.failure is not None
    assert (trial.failure.outcome, trial.failure.type) == ("runtime_error", "SyntaxError")
    assert (trial.failure.component, trial.failure.line) == ("policy", 2)


def test_component_that_is_no_function(evaluator: Evaluator, start: Artifact) -> None:
    [trial, *_] = evaluator.evaluate(start.edited({"policy": "policy = 3"}), "train").trials
    assert trial.failure is not None
    assert "leaves no function of that name" in trial.failure.message


def test_artifact_that_dies_in_every_trial_is_not_given_every_chance(evaluator: Evaluator, start: Artifact) -> None:
    """Two deaths in a block of four, and the rest is taken to die too: a loop costs two seconds, not four."""
    text = "def policy(obs):\n    while True: pass\n"
    evaluation = evaluator.evaluate(start.edited({"policy": text}), "train")
    assert [trial.failure is not None and trial.failure.outcome for trial in evaluation.trials] == ["timeout"] * 4


@pytest.mark.parametrize("message", FORGED_MESSAGES.values(), ids=FORGED_MESSAGES)
def test_forged_message_ends_the_block(message: str, evaluator: Evaluator, start: Artifact) -> None:
    """Whoever writes to the line past the workflow is not believed; which trial did it cannot be known."""
    evaluation = evaluator.evaluate(start.edited({"policy": writing_to_the_line(framed(message))}), "train")
    assert {trial.failure.outcome for trial in evaluation.trials if trial.failure} == {"crashed"}
    assert evaluation.score == evaluator.task.metric.low


def test_announced_gigabytes_are_not_waited_for(evaluator: Evaluator, start: Artifact) -> None:
    evaluation = evaluator.evaluate(start.edited({"policy": writing_to_the_line(r"b'\xff' * 4")}), "train")
    assert evaluation.failure is not None
    assert (evaluation.failure.outcome, evaluation.failure.type) == ("crashed", "ProtocolViolation")
    assert "over the limit" in evaluation.failure.message


def test_forged_answers_are_actions_not_scores(evaluator: Evaluator, start: Artifact) -> None:
    """A well-formed answer from past the workflow is an answer: each step that it plays earns what it earns."""
    text = writing_to_the_line(framed(r"b'A\x94' + 4 * b'\x93\x00\xc0\x90'"))
    evaluation = evaluator.evaluate(start.edited({"policy": text}), "train")
    for trial in evaluation.trials:
        assert trial.score == (0 if trial.failure else trial.steps)
        assert trial.steps <= 12


@pytest.mark.parametrize("depth", [10, 40, 900, *range(960, 1000, 3), 5000])
def test_deeply_nested_data_is_too_much_for_nobody(depth: int, evaluator: Evaluator, start: Artifact) -> None:
    """Neither as an action nor in the trace does it end in an error of ours."""
    text = f"def policy(obs):\n    x = 0\n    for _ in range({depth}): x = [x]\n    return x\n"
    evaluation = evaluator.evaluate(start.edited({"policy": text}), "train", View(3))
    assert {trial.failure.outcome for trial in evaluation.trials if trial.failure} <= {"contract_broken", "crashed"}
    assert evaluation.failure is not None


def test_failure_reads_as_one_sentence() -> None:
    failure = Failure("runtime_error", "ValueError", "bad", "policy", 3, "    raise ValueError('bad')", "hm\n", 7)
    assert str(failure) == (
        "ValueError: bad in policy, line 3 (`raise ValueError('bad')`), at inner step 7\nIts last output:\nhm\n"
    )
