"""The 23 tasks: splits, protocols, what an agent can see, and programs that solve two of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import SPLITS, TaskSpec
from genopt_gym.envs.bbeh import data, tasks
from genopt_gym.envs.bbeh.table import TABLE
from genopt_gym.envs.bbeh.tasks import TASKS, BBEHTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import BBEH
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.envs.bbeh.checkout import REAL, make_checkout, needs_real_questions, shared_checkout

SOLVERS = {"ShuffledObjects": "shuffled_objects.py", "MultistepArithmetic": "multistep_arithmetic.py"}
SMALL = {"train_size": 6, "validation_size": 4}


def make_task(name: str = "NYCC", **arguments: Any) -> BBEHTask:
    return TASKS[name](**{"data_dir": shared_checkout(), **SMALL, **arguments})


def questions(task: BBEHTask) -> dict[str, list[str]]:
    return {split: [task.question(instance) for instance in task.instances(split)] for split in SPLITS}


def test_the_table_is_whole() -> None:
    assert [row.name for row in TABLE] == BBEH
    assert sorted(row.slug for row in TABLE) == sorted(data.SLUGS)
    for row in TABLE:
        assert getattr(tasks, row.name) is TASKS[row.name]
        assert gym.spec(f"GenOpt/BBEH-{row.name}-v0").max_episode_steps == 15
    assert len({row.goal for row in TABLE}) == 23


@pytest.mark.parametrize("name", TASKS)
def test_every_task_asks_its_own_questions(name: str) -> None:
    task = make_task(name)
    assert all(f" of {task.slug}: " in question for split in questions(task).values() for question in split)


# --- splits


@settings(max_examples=60, deadline=None)
@given(st.integers(-3, 1000), st.integers(1, 8), st.integers(1, 8), st.integers(1, 8) | st.none(), st.booleans())
def test_no_question_is_in_two_splits(
    split_seed: int, train: int, validation: int, test: int | None, repeating: bool
) -> None:
    folder = repeating_checkout() if repeating else shared_checkout()
    sizes: dict[str, Any] = {"train_size": train, "validation_size": validation, "test_size": test}
    asked = questions(make_task(data_dir=folder, split_seed=split_seed, **sizes))
    every = [question for split in asked.values() for question in split]
    assert len(set(every)) == len(every)
    assert (len(asked["train"]), len(asked["validation"])) == (train, validation)
    whole = 25 if repeating else 30
    assert len(asked["test"]) == (whole - train - validation if test is None else test)
    assert asked == questions(make_task(data_dir=folder, split_seed=split_seed, **sizes))


@cache
def repeating_checkout() -> str:
    """Of 30 questions five share one text, with different answers."""
    folder = Path(shared_checkout()) / "repeating"
    make_checkout(folder, slugs=["nycc"])
    path = folder / "benchmark_tasks" / "bbeh_nycc" / "task.json"
    content = json.loads(path.read_text())
    for number, position in enumerate((2, 3, 11, 20, 29)):
        content["examples"][position] = {"input": "the same", "target": f"answer {number}"}
    path.write_text(json.dumps(content))
    return str(folder)


def test_the_split_seed_moves_every_split() -> None:
    one, other = (questions(make_task(split_seed=seed)) for seed in (0, 1))
    for split in SPLITS:
        assert set(one[split]) != set(other[split])


def test_the_papers_split_is_the_published_order(tmp_path: Path) -> None:
    for name, count, rest in (("NYCC", 200, 175), ("DisambiguationQA", 120, 95)):
        folder = make_checkout(tmp_path / name, slugs=[TASKS[name].slug], count=count)
        env = gym.make(f"GenOpt/BBEH-{name}-v0", protocol="paper", data_dir=folder).unwrapped
        task, parameters = env.task, env.parameters  # type: ignore[attr-defined]
        published = [example.input for example in data.load(task.slug, folder)]
        asked = questions(task)
        assert asked["train"] == published[:15]
        assert asked["validation"] == published[15:25]
        assert asked["test"] == published[25:]
        assert len(asked["test"]) == rest
        assert parameters.score_split == "train"


def test_the_papers_metric_is_stricter() -> None:
    by_default, papers = make_task(), make_task(grader="paper")
    instance = by_default.instances("train")[0]
    letter = by_default.expected(instance)
    said = f"The answer is: {letter[1].lower()}."
    assert by_default.is_right(instance, said)
    assert not papers.is_right(instance, said)
    assert papers.is_right(instance, f"I think {letter}, surely.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"train_size": 20, "validation_size": 10}, "there are 30 questions to split, too few for train_size=20"),
        ({"train_size": 20, "test_size": 11}, "too few"),
        ({"train_size": 0}, "train_size must be a whole number from 1, got 0"),
        ({"test_size": 0}, "test_size must be a whole number from 1, got 0"),
        ({"validation_size": "many"}, "validation_size must be a whole number"),
        ({"split_seed": "7"}, "split_seed must be a whole number"),
        ({"grader": "kind"}, "grader='kind' is not one of 'official', 'paper'"),
        ({"split_order": "random"}, "split_order='random' is not one of 'seeded', 'fixed'"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        Config("GenOpt/BBEH-NYCC-v0", "random", parameters={"data_dir": shared_checkout(), **SMALL, **arguments}).make()
    assert "\n" not in str(caught.value)


# --- what an agent can see


def test_nothing_of_the_test_split_is_ever_shown(tmp_path: Path) -> None:
    """No question, answer or score of it: not in observations and infos, nor in the steps of a run's folder."""
    parameters: dict[str, Any] = {"data_dir": shared_checkout(), **SMALL}
    parameters |= {"batch_size": 3, "feedback": ["score", "metrics", "staged", "progress", "answer"]}
    texts = "def solve(question):\n    {}\n"
    edits = [
        {"solve": texts.format(line)}
        for line in ("raise ValueError(question)", "return question", "print(question); return 3", "return '(B)'")
    ]
    env = gym.make("GenOpt/BBEH-NYCC-v0", **parameters)
    shown = [repr(env.reset(seed=seed)) for seed in range(3)]
    shown += [repr(env.step(edit)) for edit in edits]
    options = {"edits": edits}
    config = Config("GenOpt/BBEH-NYCC-v0", "scripted", edits=4, parameters=parameters, agent_options=options)
    result = start_run(config, tmp_path / "run")
    shown.append((tmp_path / "run" / "steps.jsonl").read_text(encoding="utf-8"))
    task = make_task()
    every = questions(task)
    names = {split: {question.partition(":")[0] for question in every[split]} for split in SPLITS}
    everything = "\n".join(shown)
    assert any(name in everything for name in names["train"])
    for name in names["test"]:
        assert f"{name}:" not in everything
        assert f"thing-nycc-{name.split()[1]}-" not in everything
    for word in ("test/", '"test"', "'test'", "test_score"):
        assert word not in everything
    assert result.test_score is not None
    core: Any = env.unwrapped
    assert "test" not in core.evaluator.ledger.accounts
    for instance in task.instances("test") + task.instances("validation"):
        assert task.answer(instance) is None


@pytest.mark.parametrize("size", [1, 3, 5])
def test_batches_are_of_train_questions(size: int) -> None:
    env: Any = gym.make("GenOpt/BBEH-NYCC-v0", protocol="paper", batch_size=size, data_dir=shared_checkout())
    infos = [env.reset(seed=0)[1]] + [env.step({})[4] for _ in range(15 // size - 1)]
    train = questions(env.unwrapped.task)["train"]
    asked = [trial["events"][0]["observation"] for info in infos for trial in info["trials"]]
    assert [len(info["trials"]) for info in infos] == [size] * (15 // size)
    assert sorted(asked) == sorted(train)


# --- programs


def evaluators(name: str) -> Iterator[Evaluator]:
    """One for the default split, one for the paper's."""
    for arguments in ({}, {"split_order": "fixed", "train_size": 15, "validation_size": 10}):
        spec = TaskSpec(f"genopt_gym.envs.bbeh.tasks:{name}", {"data_dir": REAL, **arguments})
        yield Evaluator(spec, splits=SPLITS)


@needs_real_questions
@pytest.mark.parametrize("name", SOLVERS)
def test_a_program_written_from_the_contract_solves_the_real_test_split(name: str) -> None:
    solver = Path(__file__).with_name(SOLVERS[name]).read_text(encoding="utf-8")
    for evaluator in evaluators(name):
        start = evaluator.task.starting_artifact("program/naive")
        assert evaluator.evaluate(start.edited({"solve": solver}), "test").score > 0.9
        for first_try in ("program/naive", "modular/naive"):
            assert evaluator.evaluate(evaluator.task.starting_artifact(first_try), "test").score < 0.2


@needs_real_questions
@pytest.mark.parametrize(
    "name", [row.name for row in TABLE if (Path(REAL) / f"benchmark_tasks/bbeh_{row.slug}").exists()]
)
def test_every_start_runs_on_the_real_questions(name: str) -> None:
    for evaluator in evaluators(name):
        for start in evaluator.task.starts():
            artifact = evaluator.task.starting_artifact(start)
            if artifact.asks_model:
                continue
            evaluation = evaluator.evaluate(artifact, "validation")
            assert evaluation.failure is None
            assert evaluation.score < 0.7
