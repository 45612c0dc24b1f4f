"""Questions and answers: tasks whose trial is one question, put to the artifact as a text and answered with a text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.evidence import Failure, Instance, Recorder
from genopt_gym.core.limits import Limits
from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import CONFIRMATION, Metric, ModelUse, Task
from genopt_gym.sandbox.session import Session


class QuestionTask(Task):
    """A task whose trials are questions. A right answer scores 1, a wrong one 0; one that fails costs its trial alone.

    All the questions of a block go to the confined process in one message, and all answers come back in one. What
    is expected, and what decides about an answer, stay in the trusted worker.

    Args:
        model: what the starts ``workflow/...`` and ``workflow_code/...`` ask: ``provider/name``, or ``local/...``.
        temperature: of its sampling; ``None`` leaves it to the provider.
        max_tokens: most tokens of its replies.
        base_url: of an OpenAI-compatible server that has it.
        concurrency: calls under way at once.
        **sizes: as for any task.
    """

    limits = Limits(call_seconds=2.0, cpu_seconds=200)
    block_size: ClassVar[int] = 100
    """So that nobody who keeps to the limit of a call runs out of the block's processor time."""
    form: ClassVar[str] = "a text."
    """What an answer is, as in "An answer is a number."."""

    def __init__(
        self,
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int = 1024,
        base_url: str | None = None,
        concurrency: int = 32,
        **sizes: Any,
    ) -> None:
        super().__init__(**sizes)
        if model is not None:
            self.model = ModelUse(model, temperature, max_tokens, base_url, concurrency)

    def returns(self) -> str:
        return self.form.rstrip(".")

    @abstractmethod
    def question(self, instance: Instance) -> str:
        """The text that the artifact gets."""

    @abstractmethod
    def expected(self, instance: Instance) -> str:
        """The answer that is right."""

    @abstractmethod
    def is_right(self, instance: Instance, answer: str) -> bool:
        """Whether an answer counts; the text may be anything at all."""

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """Ask one question per recorder, all in one message."""
        questions = [self.question(recorder.instance) for recorder in recorders]
        replies = session.call(list(range(len(questions))), [(question,) for question in questions])
        for recorder, question, reply in zip(recorders, questions, replies, strict=True):
            failure = reply.failure
            if failure is None and type(reply.result) is not str:
                problem = f"the workflow returned {reply.result!r:.100}, but an answer is a text (str)"
                failure = Failure("contract_broken", "TypeError", problem)
            if failure is not None:
                recorder.fail(failure, question, reply.calls)
                continue
            reward = float(self.is_right(recorder.instance, reply.result))
            recorder.step(question, reply.calls, reply.result, reward, session.reply_bytes)
            recorder.finish(reward, ended=True)

    def answer(self, instance: Instance) -> str | None:
        """The expected answer of a train question; of no other."""
        return self.expected(instance) if instance.split == "train" else None

    def staged(self, score: float) -> str:
        if score == 0:
            return "No answer is right: compare them with what the questions ask for, and with the form they ask for."
        if score <= 0.5:
            return "Half of the answers or more are wrong: find out which kinds of questions are answered wrong."
        if score < 1:
            return "Most answers are right; the wrong ones show what is still missing."
        return "Every answer is right."


def share_metric(floor: float, floor_source: str, record: float | None = None) -> Metric:
    """The score of question tasks: the share of right answers; solved where all are."""
    sources = {"floor": floor_source, "reference": "every question answered right"}
    sources |= {} if record is None else {"record": RECORD}
    name = "share of questions answered right"
    return Metric(name, low=0, high=1, floor=floor, reference=1, solved=1, sources=sources, record=record)


def cut(
    order: Sequence[int], train: int, validation: int, test: int | None, confirmation: int = 0
) -> dict[str, tuple[int, ...]]:
    """Questions by split, in a given order: first train, then validation, then confirmation, then test (``None``: all
    that are left).

    Raises:
        ValueError: there are not so many, or none is left for a split.

    >>> cut([3, 0, 2, 1], 1, 1, None)
    {'train': (3,), 'validation': (0,), 'confirmation': (), 'test': (2, 1)}
    """
    begin = train + validation + confirmation
    end = len(order) if test is None else begin + test
    if end > len(order) or begin >= end:
        asked = f"train_size={train}, validation_size={validation}, test_size={test}"
        asked += f", confirmation_size={confirmation}" if confirmation else ""
        raise ValueError(f"there are {len(order)} questions to split, too few for {asked}")
    edges = (0, train, train + validation, begin, end)
    splits = ("train", "validation", CONFIRMATION, "test")
    return {split: tuple(order[a:b]) for split, a, b in zip(splits, edges, edges[1:], strict=False)}


class FirstTry(NamedTuple):
    """A poor but sensible program: as one function of the question, and as a reader and a solver."""

    solve: str
    parse: str
    solve_parsed: str


def always(answer: str) -> FirstTry:
    """The same answer to every question."""
    body = f"    return {answer!r}\n"
    return FirstTry(
        f"def solve(question):\n{body}",
        "def parse(question):\n    return question.split('\\n')\n",
        f"def solve(parsed):\n{body}",
    )


LAST_NUMBER = FirstTry(
    """\
import re


def solve(question):
    numbers = re.findall(r"-?\\d+", question)
    return numbers[-1] if numbers else "0"
""",
    """\
import re


def parse(question):
    return re.findall(r"-?\\d+", question)
""",
    """\
def solve(parsed):
    return parsed[-1] if parsed else "0"
""",
)
"""The last number that the question mentions."""

MENTIONED_OPTION = FirstTry(
    """\
import re


def solve(question):
    options = re.findall(r"^\\(([A-Z])\\) (.+)$", question, re.M)
    if not options:
        return ""
    letter, _ = max(options, key=lambda option: question.count(option[1]))
    return f"({letter})"
""",
    """\
import re


def parse(question):
    options = re.findall(r"^\\(([A-Z])\\) (.+)$", question, re.M)
    return [[letter, question.count(text)] for letter, text in options]
""",
    """\
def solve(parsed):
    if not parsed:
        return ""
    letter, _ = max(parsed, key=lambda option: option[1])
    return f"({letter})"
""",
)
"""The option whose text occurs most often in the question."""

QUESTION = "question is the text of one question (str), as a person would read it."


def program_structures(form: str, naive: FirstTry) -> dict[str, Structure]:
    """Artifacts that are programs: ``program``, one function, and ``modular``, a reader and a solver.

    Args:
        form: what an answer looks like, as the contract tells it.
        naive: the implementation of that name.
    """
    returns = f"Returns the answer, a text (str): {form}"
    whole = Component("solve", "solve(question) -> str", f"{QUESTION}\n{returns}")
    parse = Component(
        "parse",
        "parse(question)",
        f"{QUESTION}\nReturns whatever solve needs of it. Lists, dicts, texts and numbers can be read in the trace.",
    )
    solve = Component("solve", "solve(parsed) -> str", f"parsed is what parse returned.\n{returns}")
    return {
        "program": Structure(
            components=(whole,),
            workflow="def workflow(question):\n    return solve(question)\n",
            implementations={
                "naive": {"solve": naive.solve},
                "stub": {"solve": "def solve(question):\n    return ''\n"},
            },
        ),
        "modular": Structure(
            components=(parse, solve),
            workflow="def workflow(question):\n    return solve(parse(question))\n",
            implementations={
                "naive": {"parse": naive.parse, "solve": naive.solve_parsed},
                "stub": {
                    "parse": "def parse(question):\n    return question\n",
                    "solve": "def solve(parsed):\n    return ''\n",
                },
            },
        ),
    }


TEMPLATE = """\
What the model is asked, a text; {question} in it is replaced by the text of the question."""

EXTRACT = "reply is what the model said to that, a text (str), which may be empty or cut off."

MODEL = """\
llm(prompt) asks a model and returns its reply, a text (str), which may be empty or cut off; it may be called up to 20
times for a question."""


def model_structures(form: str) -> dict[str, Structure]:
    """Artifacts that ask a model: ``workflow``, a prompt and a reader of replies, and ``workflow_code``, a function.

    Args:
        form: what an answer looks like, as the contract tells it.
    """
    returns = f"Returns the answer, a text (str): {form}"
    return {
        "workflow": Structure(
            components=(
                Component("prompt_template", "prompt_template: str", TEMPLATE, kind="text"),
                Component("extract_answer", "extract_answer(reply) -> str", f"{EXTRACT}\n{returns}"),
            ),
            workflow="""\
def workflow(question):
    reply = llm(prompt_template.replace("{question}", question))
    return extract_answer(reply)
""",
            implementations={
                "naive": {
                    "prompt_template": "{question}\n\nAnswer: ",
                    "extract_answer": """\
def extract_answer(reply):
    lines = reply.strip().splitlines()
    return lines[-1] if lines else ""
""",
                },
                "stub": {
                    "prompt_template": "{question}",
                    "extract_answer": "def extract_answer(reply):\n    return ''\n",
                },
            },
            asks_model=True,
        ),
        "workflow_code": Structure(
            components=(Component("solve", "solve(question) -> str", f"{QUESTION}\n{MODEL}\n{returns}"),),
            workflow="def workflow(question):\n    return solve(question)\n",
            implementations={
                "naive": {"solve": "def solve(question):\n    return llm(question).strip()\n"},
                "stub": {"solve": "def solve(question):\n    return ''\n"},
            },
            asks_model=True,
        ),
    }
