"""The user's own examples: split without overlap, graded without code, and what is wrong told with row numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genopt_gym import Text, wrap
from genopt_gym.envs.examples import ExampleTask
from genopt_gym.envs.own.rows import OwnExample, read_examples
from genopt_gym.envs.own.splitting import split_examples
from genopt_gym.evaluation import EvaluationError
from genopt_gym.making import optimization_env
from tests.helpers import own
from tests.helpers.model_server import Answer, ModelServer

PROMPT = {"prompt": "What is {question}?"}
SIZES = dict.fromkeys(("train", "validation", "test"))
SMALL = {"train_size": 3, "validation_size": 2, "test_size": 2}


def task(data: Any = own.EXAMPLES, **more: Any) -> ExampleTask:
    return ExampleTask(**{"function": "numeric", "data": data, "texts": PROMPT, "model": "openai/x", **more})


def written(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def cut(rows: list[dict[str, Any]], **more: Any) -> dict[str, list[OwnExample]]:
    options = {"seed": 0, "content": ["q"], **more}
    return split_examples(read_examples(rows), options.pop("sizes", SIZES), **options)


def test_thirty_examples_are_split_in_halves_and_quarters_without_overlap() -> None:
    found = task()._examples
    assert {split: len(rows) for split, rows in found.items()} == {"train": 16, "validation": 7, "test": 7}
    assert sorted(each.row for rows in found.values() for each in rows) == list(range(1, 31))
    assert found == task()._examples
    assert found != task(split_seed=1)._examples


def test_sizes_may_be_numbers_or_shares() -> None:
    sizes = task(train_size=5, validation_size=0.2, test_size=4)._examples
    assert [len(rows) for rows in sizes.values()] == [5, 6, 4]
    rest = task(train_size=10)._examples
    assert [len(rows) for rows in rest.values()] == [10, 10, 10]


def test_the_same_content_stays_in_one_split_whatever_its_blanks() -> None:
    rows = [{"q": f"question  {i % 10}" if i < 20 else f" question {i % 10}", "n": i} for i in range(40)]
    found = cut(rows)
    where = [{each.values["q"].split()[1] for each in found[split]} for split in found]
    assert sum(map(len, where)) == len(set().union(*where)) == 10


def test_each_kind_is_spread_over_the_splits() -> None:
    rows = [{"q": i, "kind": "rare" if i % 5 == 0 else "usual"} for i in range(60)]
    found = cut(rows, stratify="kind")
    assert [sum(each.values["kind"] == "rare" for each in rows) for rows in found.values()] == [6, 3, 3]


def test_a_column_may_name_the_splits() -> None:
    rows = [{"q": i, "s": ("train", "validation", "test")[i % 3]} for i in range(6)]
    assert [[each.row for each in rows] for rows in cut(rows, column="s").values()] == [[1, 4], [2, 5], [3, 6]]
    with pytest.raises(ValueError, match="rows 1 and 7 are the same example, in train and in test: leave it in one"):
        cut([*rows, {"q": 0, "s": "test"}], column="s")
    with pytest.raises(ValueError, match="row 7 has no split in 's'"):
        cut([*rows, {"q": 9, "s": "dev"}], column="s")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", 'question,answer\n1 + 1,2\n\n"two,\nlines",3\n'),
        ("rows.tsv", 'question\tanswer\n1 + 1\t2\n\n"two,\nlines"\t3\n'),
        ("rows.jsonl", '{"question": "1 + 1", "answer": "2"}\n\n{"question": "two,\\nlines", "answer": "3"}\n'),
    ],
)
def test_files_are_read_with_their_row_numbers(tmp_path: Path, name: str, text: str) -> None:
    found = read_examples(written(tmp_path, name, text))
    assert [each.values for each in found] == [
        {"question": "1 + 1", "answer": "2"},
        {"question": "two,\nlines", "answer": "3"},
    ]
    assert found[0].row == (1 if name.endswith("jsonl") else 2)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rows.csv", "", "rows.csv is empty"),
        ("rows.csv", "question,answer\n", "rows.csv holds no examples"),
        ("rows.csv", "question,answer\n1,2\n3\n4,5,6\n", "rows.csv: rows 3, 4 have not 2 values"),
        ("rows.csv", "q,q\n1,2\n", "each column needs a name of its own"),
        ("rows.csv", "text,answer\n" + "".join(f"{i},{i}\n" for i in range(9)), "no column 'question', which the work"),
        ("rows.csv", "question,label\n" + "".join(f"{i},{i}\n" for i in range(9)), "no column 'answer', which answer="),
        ("rows.jsonl", '{"question": 1}\n{"question"\n', "rows.jsonl, row 2 is no JSON"),
        ("rows.jsonl", "[1]\n", "rows.jsonl, row 1 is no object"),
        ("rows.jsonl", '{"a": 1}\n{"b": 1}\n', "rows.jsonl: row 2 has not the columns of the first: a"),
        ("rows.xlsx", "question,answer\n", "rows.xlsx is no .csv"),
        ("rows.csv", "question,answer\n1,2\n3,4\n5,6\n", "3 different examples are too few to split"),
        (
            "rows.csv",
            "question,answer\n" + "".join(f"{i},{'about ' * (i in (2, 5))}{'' if i == 7 else i}\n" for i in range(9)),
            "row 9 has an expected answer that the grader numeric cannot read: it is not one number",
        ),
    ],
)  # fmt: skip
def test_bad_data_is_told_in_a_sentence_with_row_numbers(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace(".csv", r"\.csv")) as caught:
        task(written(tmp_path, name, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"model": None}, "say which model prompt is put to, as in model='openai/NAME'"),
        ({"texts": {"prompt": "Say it."}}, "prompt has no {placeholder} for what is to be asked"),
        ({"texts": {"prompt": "{question} is {answer}"}}, "the workflow takes 'answer', the expected answer"),
        ({"function": "nummeric"}, "no grader 'nummeric'; did you mean 'numeric'"),
        ({"function": {"grader": "numeric", "tolerence": 1}}, "the grader numeric takes tolerance, relative, got tol"),
        ({"function": "judge"}, "a judge needs a model"),
        ({"train_size": 20, "validation_size": 20}, "there are 30 examples, too few for train 20, validation 20"),
        ({"stratify": "colour"}, "no column 'colour', which stratify names"),
    ],
)
def test_bad_settings_are_told_in_a_sentence(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("{", r"\{").replace("=", "=")):
        task(**more)


def test_a_prompt_task_needs_no_code_and_shows_what_was_wrong() -> None:
    with ModelServer(own.adder) as server:
        env = wrap(
            "numeric",
            data=own.EXAMPLES,
            texts={"prompt": Text("What is {question}?", "What a model of sums is asked.", max_chars=100)},
            model="openai/x",
            base_url=server.base_url,
            batch_size=4,
            feedback=["score", "own", "answer"],
        )
        observation, info = env.reset(seed=0)
        for words in ("`prompt`:\nprompt (a text of at most 100 characters)\n    What a model of sums is asked.",):
            assert words in observation["context"]
        assert "globals" not in observation["context"]
        wrong = [trial for trial in info["trials"] if not trial["score"]]
        assert wrong
        name = f"train/{wrong[0]['instance']['index']}"
        assert f"{name}: Wrong: 'The sum is 0.'." in observation["feedback"]
        assert f"Expected answer of {name}: " in observation["feedback"]
        observation, *_ = env.step({"prompt": "Think step by step: {question}"})
        assert observation["score"] == [1]
        for text, words in (("Think!", "lacks {question}"), ("{question}" + "x" * 100, "at most 100 are allowed")):
            observation, *_, info = env.step({"prompt": text})
            assert info["outcome"] == "contract_broken"
            assert words in observation["feedback"]


def test_a_text_and_a_function_work_together_and_the_scoring_function_has_its_say() -> None:
    with ModelServer(own.adder) as server:
        model = {"model": "openai/x", "base_url": server.base_url}
        env = wrap(own.told, [own.add], data=own.EXAMPLES, texts=PROMPT, name="sums", **model, **SMALL)
        observation, info = env.reset(seed=0)
        assert "The score is sums, mean over trials" in observation["context"]
        (trial,) = info["trials"]
        assert trial["metrics"] == {"length": trial["metrics"]["length"]}
        assert trial["events"][0]["notes"] == [f"the model said {trial['events'][0]['action']}", "graded"]
        assert "the model said" in observation["trace"]
        assert f"train/{trial['instance']['index']}: 'The sum is" in observation["feedback"]


def test_a_judge_grades_under_a_role_of_its_own() -> None:
    def judging(body: dict[str, Any], number: int) -> Answer:
        text = str(body["messages"][-1]["content"])
        if "You grade an answer" not in text:
            return own.adder(body, number)
        assert "Expected answer: " in text
        return Answer("Quite good.\nScore: 0.5")

    with ModelServer(judging) as server:
        both = {"base_url": server.base_url}
        judge = {"grader": "judge", "model": "openai/judge", **both}
        env = optimization_env(
            wrap(judge, data=own.EXAMPLES, texts=PROMPT, model="openai/x", **both, **SMALL)  # type: ignore[arg-type]
        )
        observation, _ = env.reset(seed=0)
        assert observation["score"] == [0.5]
        assert "Quite good." in observation["feedback"]
        models = env.evaluator.ledger.models
        assert (models["judge"].calls, models["workflow"].calls) == (3, 3)
        assert {body["model"] for body in server.bodies} == {"x", "judge"}


def test_a_judge_that_refuses_is_told_with_the_row() -> None:
    def refusing(body: dict[str, Any], number: int) -> Answer:
        return Answer("I cannot help with that.")

    with ModelServer(refusing) as server:
        both = {"base_url": server.base_url}
        judge = {"grader": "judge", "model": "openai/judge", **both}
        env = wrap(judge, data=own.EXAMPLES, texts=PROMPT, model="openai/x", **both, **SMALL)  # type: ignore[arg-type]
        with pytest.raises(EvaluationError, match=r"judge gave no score for \w+/\d \(row \d+\), asked twice") as caught:
            env.reset(seed=0)
        assert "\n" not in str(caught.value)


def test_many_examples_are_kept_by_their_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rows = [{**row, "padding": "x" * 3000} for row in own.EXAMPLES]
    env = wrap("numeric", data=rows, texts=PROMPT, model="openai/x")
    assert env.spec is not None
    path = Path(env.spec.kwargs["data"])
    assert path.parent.parent.parent == tmp_path
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows
    assert list(optimization_env(env).evaluator.spec.sources) == [f"file:{path}"]
