"""What a component keeps, it keeps for one trial: nothing crosses to the next of its block, whatever it is kept in."""

from __future__ import annotations

import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.reach import reaches
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox.confine import available_tier

WITHIN = {
    "a module global": """
SEEN = [0]
def count():
    SEEN[0] += 1
    return SEEN[0]
""",
    "a global that is assigned": """
n = 0
def count():
    global n
    n += 1
    return n
""",
    "globals()": """
def count():
    kept = globals().setdefault('kept', [0])
    kept[0] += 1
    return kept[0]
""",
    "a function attribute": """
def count():
    count.n += 1
    return count.n
count.n = 0
""",
    "getattr of a function": """
def count():
    count.n = getattr(count, 'n', 0) + 1
    return count.n
""",
    "a mutable default": """
def count(n=[0]):
    n[0] += 1
    return n[0]
""",
    "a keyword default": """
def count(*, n={'n': 0}):
    n['n'] += 1
    return n['n']
""",
    "a closure": """
def made():
    n = 0
    def count():
        nonlocal n
        n += 1
        return n
    return count
count = made()
""",
    "a class attribute": """
class C:
    n = 0
def count():
    C.n += 1
    return C.n
""",
    "an instance": """
class C:
    def __init__(self): self.n = 0
C0 = C()
def count():
    C0.n += 1
    return C0.n
""",
    "a generator": """
import itertools
ticks = itertools.count(1)
def count():
    return next(ticks)
""",
    "a cache": """
from functools import lru_cache
misses = []
@lru_cache(None)
def once(x): misses.append(x)
def count():
    once(len(misses))
    return len(misses)
""",
}
"""Places that are the trial's own: trials may share a process."""

BEYOND = {
    "an attribute of a module": """
import math
def count():
    math.n = getattr(math, 'n', 0) + 1
    return math.n
""",
    "a function of a module": """
import math
math.seen = list(getattr(math, 'seen', []))
def count():
    math.seen.append(1)
    return len(math.seen)
""",
    "built-in names": """
import builtins
def count():
    builtins.n = getattr(builtins, 'n', 0) + 1
    return builtins.n
""",
    "__builtins__": """
def count():
    b = __builtins__['__import__']('builtins')
    b.n = getattr(b, 'n', 0) + 1
    return b.n
""",
    "sys.modules": """
import sys
def count():
    kept = sys.modules.setdefault('kept', [])
    kept.append(1)
    return len(kept)
""",
    "sys.path": """
import sys
def count():
    sys.path.append('kept')
    return sys.path.count('kept')
""",
    "the environment": """
import os
def count():
    os.environ['N'] = str(int(os.environ.get('N', 0)) + 1)
    return int(os.environ['N'])
""",
    "a file": """
def count():
    with open('n', 'a') as file: file.write('x')
    with open('n') as file: return len(file.read())
""",
    "the folder": """
import os
def count():
    if os.path.basename(os.getcwd()) == 'in': return 9
    os.mkdir('in')
    os.chdir('in')
    return 1
""",
    "the decimal context": """
import decimal
def count():
    c = decimal.getcontext()
    c.prec += 1
    return c.prec - 28
""",
    "warning filters": """
import warnings
def count():
    warnings.filterwarnings('ignore', f'kept{len(warnings.filters)}')
    return sum(1 for f in warnings.filters if f[1] and f[1].pattern.startswith('kept'))
""",
    "a class of a library": """
from fractions import Fraction
def count():
    Fraction.n = getattr(Fraction, 'n', 0) + 1
    return Fraction.n
""",
    "a class of a library by a second name": """
import fractions
F = fractions.Fraction
def count():
    F.n = getattr(F, 'n', 0) + 1
    return F.n
""",
    "a class of a library handed around": """
from fractions import Fraction
def up(c):
    c.n = getattr(c, 'n', 0) + 1
    return c.n
def count():
    return up(Fraction)
""",
    "a table of a library": """
from json.encoder import ESCAPE_DCT as kept
def count():
    kept['n'] = kept.get('n', 0) + 1
    return kept['n']
""",
    "a subclass registry": """
class K:
    pass
def count():
    names = [c.__name__ for c in object.__subclasses__()]
    return names.count('K')
""",
    "the recursion limit": """
import sys
def count():
    sys.setrecursionlimit(sys.getrecursionlimit() + 1)
    return sys.getrecursionlimit() - 1000
""",
    "a collector setting": """
import gc
def count():
    n = gc.get_threshold()[0] + 1
    gc.set_threshold(n)
    return n - 700
""",
    "a signal handler": """
import signal
def count():
    old = signal.signal(signal.SIGUSR2, lambda *_: None)
    return 1 if old == signal.SIG_DFL else 2
""",
    "a context variable": """
import contextvars, sys
def count():
    v = sys.__dict__.setdefault('v', contextvars.ContextVar('v', default=0))
    v.set(v.get() + 1)
    return v.get()
""",
    "logging": """
import logging
def count():
    logging.root.setLevel(logging.root.level + 1)
    return logging.root.level - 30
""",
    "the calendar": """
import calendar
def count():
    calendar.setfirstweekday(calendar.firstweekday() + 1)
    return calendar.firstweekday()
""",
    "exec": """
def count():
    exec("import math\\nmath.n = getattr(math, 'n', 0) + 1")
    import math
    return math.n
""",
}
"""Places that a process has once: each trial of such a text gets a process of its own."""

GUESS = "\n\ndef guess(question, hint):\n    return 4 + count()\n"


def scores(text: str) -> list[float]:
    """Of four trials of one block; 5 is how many trials each should count, itself alone."""
    evaluator = Evaluator(TaskSpec("tests.helpers.toys:Guess", {"train_size": 8}))
    start = evaluator.task.starting_artifact(evaluator.task.default_start)
    evaluation = evaluator.evaluate(start.edited({"guess": text + GUESS}), evaluator.task.instances("train")[:8])
    assert evaluation.failure is None, evaluation.failure
    return [trial.score for trial in evaluation.trials]


@pytest.fixture(scope="module")
def expected() -> list[float]:
    return scores("def count(): return 1")


@pytest.mark.parametrize("text", WITHIN.values(), ids=WITHIN)
def test_state_of_its_own_is_the_trials(text: str, expected: list[float]) -> None:
    assert scores(text) == expected


@pytest.mark.parametrize("text", WITHIN.values(), ids=WITHIN)
def test_state_of_its_own_costs_no_process(text: str) -> None:
    assert reaches(text + GUESS) == ()


@pytest.mark.skipif(available_tier() != "strong", reason="without Landlock there are no files")
@pytest.mark.parametrize("text", BEYOND.values(), ids=BEYOND)
def test_state_of_the_process_is_the_trials_too(text: str, expected: list[float]) -> None:
    assert scores(text) == expected


def test_expected_scores_tell_a_count_of_two(expected: list[float]) -> None:
    assert scores("def count(): return 2") != expected


def test_programs_that_reach_their_process_are_told_from_others() -> None:
    program = Program([("f", "python", "import os\ndef f(): ..."), ("t", "text", "import os")], "")
    assert [bool(reaches(text)) for _, kind, text in program.components if kind == "python"] == [True]
