"""What question-answering tasks share."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.core.evidence import Call, Instance, View
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.questions import LAST_NUMBER, MENTIONED_OPTION, always, cut
from genopt_gym.evaluation import Evaluation, Evaluator
from tests.helpers import sums

SOLVED = """\
def solve(question):
    return str(int(question.split()[2]) + 10)
"""

MISFIRING = """\
import os


def solve(question):
    number = int(question.split()[2])
    if number == 1:
        raise LookupError(question)
    if number == 2:
        return None
    if number == 3:
        return [str(number + 10)]
    if number == 4:
        return number + 10
    if number == 5:
        return "x" * 200_000
    if number == 6:
        return {"answer": question}
    if number == 7:
        os.kill(os.getpid(), 11)
    if number == 12:
        while True:
            pass
    return str(number + 10)
"""


@pytest.fixture
def evaluator() -> Evaluator:
    return Evaluator(TaskSpec("tests.helpers.sums:Sums", {}), splits=("train", "validation", "test"))


def evaluated(evaluator: Evaluator, solve: str, view: View | None = None, **more: Any) -> Evaluation:
    artifact = evaluator.task.starting_artifact("program/naive").edited({"solve": solve})
    return evaluator.evaluate(artifact, evaluator.task.instances("train"), view, **more)


def test_a_trial_is_a_question(evaluator: Evaluator) -> None:
    evaluation = evaluated(evaluator, SOLVED, View(None))
    assert evaluation.score == 1
    for number, trial in enumerate(evaluation.trials):
        (event,) = trial.events
        question = f"What is {number} + 10 (train)?"
        answer = str(number + 10)
        assert (event.observation, event.action, event.reward) == (question, answer, 1.0)
        assert event.calls == [Call("solve", [{"$ref": "question"}], answer)]
        assert (trial.steps, trial.score, trial.window_score, trial.ended) == (1, 1.0, 1.0, True)


def test_the_modular_trace_shows_what_was_parsed(evaluator: Evaluator) -> None:
    artifact = evaluator.task.starting_artifact("modular/naive")
    (trial,) = evaluator.evaluate(artifact, [Instance("train", 0)], View(None)).trials
    parsed = Call("parse", [{"$ref": "question"}], ["What is 0 + 10 (train)?"])
    assert trial.events[0].calls == [parsed, Call("solve", [{"$ref": "parse"}], "10")]
    assert trial.score == 1


def test_one_bad_answer_costs_its_own_trial(evaluator: Evaluator) -> None:
    """Whatever is wrong with it: an exception, no text, too large a text, the end of the process, no end."""
    evaluation = evaluated(evaluator, MISFIRING, View(None))
    outcomes = {i: t.failure.outcome for i, t in enumerate(evaluation.trials) if t.failure}
    broken = dict.fromkeys((2, 3, 4, 5, 6), "contract_broken")
    assert outcomes == {1: "runtime_error", **broken, 7: "crashed", 12: "timeout"}
    assert [trial.score for trial in evaluation.trials] == [float(i not in outcomes) for i in range(20)]
    assert evaluation.score == pytest.approx(12 / 20)
    none = evaluation.trials[2]
    assert none.failure is not None
    assert none.failure.message == "the workflow returned None, but an answer is a text (str)"
    assert none.events[0].observation == "What is 2 + 10 (train)?"


def test_a_split_takes_few_processes(evaluator: Evaluator) -> None:
    """175 questions go to one process per worker, of two."""
    task = evaluator.task
    blocks = evaluator._blocks(task.starting_artifact("program/naive"), _batch(task.instances("test")))
    assert [len(block.instances) for block in blocks] == [87, 88]
    assert task.limits.cpu_seconds >= task.block_size * task.limits.call_seconds


def _batch(instances: list[Instance]) -> Any:
    from genopt_gym.evaluation import Batch

    return Batch(instances)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_batches_pool_so_many_questions(size: int) -> None:
    env = gym.make("Toy/Sums-v0", batch_size=size, train_size=15)
    _, info = env.reset(seed=1)
    seen = [trial["instance"]["index"] for trial in info["trials"]]
    for _ in range(15 // size - 1):
        info = env.step({})[4]
        assert len(info["trials"]) == size
        seen += [trial["instance"]["index"] for trial in info["trials"]]
    assert sorted(seen) == list(range(15))  # none twice before all came once


def test_the_failures_sampler_asks_again() -> None:
    env = gym.make("Toy/Sums-v0", batch_size=4, batch_sampler="failures")
    _, info = env.reset(seed=0)
    wrong = {t["instance"]["index"] for t in info["trials"] if t["score"] == 0}
    info = env.step({"solve": SOLVED})[4]
    again = {t["instance"]["index"] for t in info["trials"]}
    assert wrong
    assert wrong <= again


def test_feedback_tells_the_answers_of_wrong_train_questions_alone() -> None:
    env = gym.make("Toy/Sums-v0", batch_size=5, feedback=["answer", "staged"])
    even = SOLVED.replace("+ 10)", "+ 10 - int(question.split()[2]) % 2)")
    env.reset(seed=0)
    observation, *_, info = env.step({"solve": even})
    told = [line for line in observation["feedback"].splitlines() if line.startswith("Expected answer")]
    odd = [t["instance"]["index"] for t in info["trials"] if t["instance"]["index"] % 2]
    assert told == [f"Expected answer of train/{number}: {number + 10}" for number in odd]
    task = sums.Sums()
    assert task.answer(Instance("train", 3)) == "13"
    assert task.answer(Instance("validation", 3)) is task.answer(Instance("test", 3)) is None


def test_what_a_coach_says() -> None:
    words = [sums.Sums().staged(score) for score in (0, 0.3, 0.7, 1)]
    assert len(set(words)) == 4
    assert all(words)


def test_a_long_question_shows_how_it_ends() -> None:
    """Where a trace has no room for a question, its end is kept: there it asks."""
    from genopt_gym.core.evidence import Recorder
    from genopt_gym.core.trace import render

    recorder = Recorder(Instance("train", 0), View(None), 0.0)
    recorder.step("Begin. " + "word " * 5000 + "What is it?", [], "it", 1.0)
    recorder.finish(1.0, ended=True)
    assert recorder.trial is not None
    import msgspec

    from genopt_gym.core.evidence import Event

    events = [msgspec.msgpack.decode(event, type=Event) for event in recorder.trial.events]  # type: ignore[call-overload]
    trace = render([msgspec.structs.replace(recorder.trial, events=events)], View(None), 10_000)
    assert trace.horizon_shown == 1
    assert "Begin." in trace.text
    assert "What is it?" in trace.text


SIZES = st.integers(1, 40)


@given(st.integers(3, 60), SIZES, SIZES, SIZES | st.none())
def test_cut(count: int, train: int, validation: int, test: int | None) -> None:
    order = list(range(count))[::-1]
    if train + validation + (test or 1) > count:
        with pytest.raises(ValueError, match=f"there are {count} questions to split, too few for train_size={train}"):
            cut(order, train, validation, test)
        return
    parts = cut(order, train, validation, test)
    assert [*parts["train"], *parts["validation"], *parts["test"]] == order[: train + validation + len(parts["test"])]
    assert (len(parts["train"]), len(parts["validation"])) == (train, validation)
    assert len(parts["test"]) == (count - train - validation if test is None else test)


OPTIONS = "Pick the red one.\nOptions:\n(A) blue\n(B) red\n(C) green"


@pytest.mark.parametrize(
    ("naive", "question", "answer"),
    [
        (always("Yes"), "Is it?", "Yes"),
        (LAST_NUMBER, "Take 3 from 17, or -4.", "-4"),
        (LAST_NUMBER, "No number", "0"),
        (MENTIONED_OPTION, OPTIONS, "(B)"),
        (MENTIONED_OPTION, "No option", ""),
    ],
)
def test_first_tries(naive: Any, question: str, answer: str) -> None:
    """As one function and as two they say the same."""
    whole: dict[str, Any] = {}
    exec(naive.solve, whole)
    parts: dict[str, Any] = {}
    exec(naive.parse, parts)
    exec(naive.solve_parsed, parts)
    assert whole["solve"](question) == parts["solve"](parts["parse"](question)) == answer
