"""Whether it is traced makes no difference to a program; and what is told of its calls is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import RAISED, Call
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.session import CallResult, Session
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote

WORKFLOW = "def workflow(x):\n    return act(x, look(x))\n"
LOOK = "def look(x):\n    return 2 * x\n"
ACT = "def act(x, seen):\n    return seen\n"


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote("bare", choose(), str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


def answers(
    zygote: Zygote,
    look: str = LOOK,
    act: str = ACT,
    workflow: str = WORKFLOW,
    *,
    traced: bool,
    inputs: Sequence[Any] = (1, 2, 3),
) -> list[CallResult]:
    """What the workflow answers to these inputs, one after another."""
    program = Program([("look", "python", look), ("act", "python", act)], workflow)
    with Session(zygote, program, [0], Limits(), traced) as session:
        return [session.call([0], [[x]])[0] for x in inputs]


def told(replies: list[CallResult]) -> list[Any]:
    return [reply.result if reply.failure is None else reply.failure for reply in replies]


DEPTH = "    try:\n        return {}\n    except RecursionError:\n        return 0\n"
SAME = {
    "an attribute set outside": {"act": "def act(x, seen):\n    act.n += 1\n    return act.n\nact.n = 0\n"},
    "an attribute set inside": {"act": "def act(x, seen):\n    act.n = getattr(act, 'n', 0) + 1\n    return act.n\n"},
    "names": {
        "act": 'def act(x, seen):\n    "Doc."\n'
        "    return [act.__name__, act.__doc__, act.__module__, act.__qualname__]\n",
    },
    "others' names": {
        "look": 'def look(x):\n    "Doc."\n    return x\n',
        "act": "def act(x, seen):\n    return [look.__name__, look.__doc__, look.__module__, look.__qualname__]\n",
    },
    "defaults": {"act": "def act(x, seen, m=[0]):\n    act.__defaults__[0][0] += 1\n    return m\n"},
    "others' defaults": {
        "look": "def look(x, m=[0]):\n    m[0] += 1\n    return m\n",
        "act": "def act(x, seen):\n    return look.__defaults__[0]\n",
    },
    "annotations": {"act": "def act(x: int, seen: int) -> int:\n    return sorted(act.__annotations__)\n"},
    "signature": {
        "act": "import inspect\ndef act(x, seen, *, k=1):\n"
        "    return [str(inspect.signature(f)) for f in (act, look)]\n"
    },
    "kinds": {
        "act": "import inspect, types\ndef act(x, seen):\n    return [[inspect.isfunction(f), callable(f), "
        "isinstance(f, types.FunctionType), inspect.isgeneratorfunction(f)] for f in (act, look)]\n"
    },
    "code": {"act": "def act(x, seen):\n    return [act.__code__.co_argcount, act.__code__.co_name]\n"},
    "local names": {"act": "def act(x, seen):\n    return sorted(locals())\n"},
    "own names": {"act": "import math\nA = 1\ndef act(x, seen):\n    return sorted(globals())\n"},
    "identity": {"act": "def act(x, seen):\n    return [act is globals()['act'], look is look, len({look, look})]\n"},
    "recursion of its own": {"act": "def act(x, seen, n=0):\n" + DEPTH.format("act(x, seen, n + 1) + 1")},
    "recursion of a helper": {
        "act": "def down(n):\n" + DEPTH.format("down(n + 1) + 1") + "def act(x, seen):\n    return down(0)\n"
    },
    "recursion through another": {
        "look": "def look(x, n=0):\n" + DEPTH.format("act(x, None, n) + 1"),
        "act": "def act(x, seen, n=0):\n" + DEPTH.format("look(x, n + 1) + 1"),
    },
    "recursion that is caught outside": {
        "act": "def act(x, seen, n=0):\n    if n == 0:\n        try:\n            return act(x, seen, 1)\n"
        "        except RecursionError as error:\n            return str(error)\n    return act(x, seen, n + 1)\n"
    },
    "a class": {"look": "class look:\n    def __new__(cls, x):\n        return x\ndef _(x): ...\n"},
    "a callable": {
        "look": "class L:\n    n = 0\n    def __call__(self, x):\n        self.n += 1\n        return self.n\n"
        "def look(x): ...\nlook = L()\n"
    },
    "a decorated one": {
        "look": "from functools import lru_cache\n@lru_cache(None)\ndef look(x):\n    return x\n",
        "act": "def act(x, seen):\n    return look.cache_info().misses\n",
    },
    "a generator's items": {
        "look": "def look(x):\n    return (i for i in range(x))\n",
        "act": "def act(x, seen):\n    return [list(seen), list(seen)]\n",
    },
    "an iterator that is shared": {
        "look": "ticks = iter(range(99))\ndef look(x):\n    return ticks\n",
        "act": "def act(x, seen):\n    return next(seen)\n",
    },
    "a change of what it was handed": {
        "look": "def look(x):\n    return [x]\n",
        "act": "def act(x, seen):\n    seen.append(9)\n    return seen\n",
    },
    "an exception": {"act": "def act(x, seen):\n    raise KeyError(x)\n"},
    "an exception of another": {
        "look": "def look(x):\n    raise KeyError(x)\n",
        "act": "def act(x, seen):\n    return seen\n",
    },
    "an exception that is caught": {
        "look": "def look(x, fails=False):\n    if fails: raise KeyError(x)\n    return x\n",
        "act": "def act(x, seen):\n    try:\n        look(x, fails=True)\n"
        "    except KeyError as error:\n        return str(error)\n",
    },
    "a change of another": {"act": "def act(x, seen):\n    look.n = 1\n    return look.n\n"},
    "random numbers": {"act": "import random\ndef act(x, seen):\n    return random.random()\n"},
    "state in a global": {"look": "n = [0]\ndef look(x):\n    n[0] += 1\n    return n[0]\n"},
}


@pytest.mark.parametrize("texts", SAME.values(), ids=SAME)
def test_traced_or_not_it_is_the_same_program(texts: dict[str, str], zygote: Zygote) -> None:
    plain, traced = (
        told(answers(zygote, texts.get("look", LOOK), texts.get("act", ACT), traced=traced)) for traced in (False, True)
    )
    assert traced == plain


def test_recursion_gets_as_deep_as_python_lets_it(zygote: Zygote) -> None:
    [depth, *_] = told(answers(zygote, act=SAME["recursion of its own"]["act"], traced=True))
    assert 950 < depth < 1000


def test_another_component_cannot_be_changed(zygote: Zygote) -> None:
    [failure, *_] = told(answers(zygote, act=SAME["a change of another"]["act"], traced=False))
    assert (failure.outcome, failure.component, failure.line) == ("forbidden", "act", 2)
    assert failure.message == "look is another component, and can be called but not changed"


def test_helpers_of_one_name_are_each_components_own(zygote: Zygote) -> None:
    look = "def helper(x):\n    return 10 * x\ndef look(x):\n    return helper(x)\n"
    act = "def helper(x):\n    return x + 1\ndef act(x, seen):\n    return helper(seen)\n"
    assert told(answers(zygote, look, act, traced=False)) == [11, 21, 31]


def test_another_components_helper_is_not_seen(zygote: Zygote) -> None:
    look = "def helper(x):\n    return x\ndef look(x):\n    return x\n"
    [failure, *_] = told(answers(zygote, look, "def act(x, seen):\n    return helper(x)\n", traced=False))
    assert (failure.type, failure.component) == ("NameError", "act")


def test_components_call_each_other_by_name_earlier_and_later_ones(zygote: Zygote) -> None:
    look = "def look(x):\n    return act(x, 5) if x else 7\n"
    act = "def act(x, seen):\n    return [seen, look(0)]\n"
    assert told(answers(zygote, look, act, traced=False, inputs=(1,))) == [[[5, 7], 7]]


def test_future_of_one_component_is_not_anothers(zygote: Zygote) -> None:
    look = "from __future__ import annotations\ndef look(x: nowhere):\n    return x\n"
    [failure, *_] = told(answers(zygote, look, "def act(x: nowhere, seen):\n    return x\n", traced=False))
    assert (failure.type, failure.component) == ("NameError", "act")


# --- what is told


def calls(zygote: Zygote, look: str, act: str, x: Any = 1, workflow: str = WORKFLOW) -> list[Call]:
    [reply] = answers(zygote, look, act, workflow, traced=True, inputs=(x,))
    return reply.calls


ref = {name: {"$ref": name} for name in ("x", "look", "look#2", "act")}


def test_sources_of_equal_values_are_told_apart(zygote: Zygote) -> None:
    """1 is 1, whoever made it; the workflow's text tells who did."""
    workflow = "def workflow(x):\n    a = look(x)\n    b = act(a, x)\n    return act(look(b), b)\n"
    found = calls(zygote, "def look(x):\n    return 1\n", "def act(x, seen):\n    return 1\n", workflow=workflow)
    assert [call.arguments for call in found] == [
        [ref["x"]],
        [ref["look"], ref["x"]],
        [ref["act"]],
        [ref["look#2"], ref["act"]],
    ]


def test_component_that_passes_its_input_on_is_a_source(zygote: Zygote) -> None:
    found = calls(zygote, "def look(x):\n    return x\n", ACT, x={"a": 1})
    assert found[1].arguments == [ref["x"], ref["look"]]


def test_values_of_calls_between_components_are_given_where_sources_are_not_known(zygote: Zygote) -> None:
    act = "def act(x, seen):\n    return look(7)\n"
    assert calls(zygote, LOOK, act, x=7)[1] == Call("look", [7], 14)


@pytest.mark.parametrize(
    ("workflow", "arguments"),
    [
        ("def workflow(x):\n    y = look(x)\n    y = y + 1\n    return act(x, y)\n", [ref["x"], 3]),
        ("def workflow(x):\n    y = look(x)\n    if x:\n        y = 5\n    return act(x, y)\n", [ref["x"], 5]),
        ("def workflow(x):\n    y = z = look(x)\n    return act(z, y)\n", [ref["look"], ref["look"]]),
        ("def workflow(x):\n    y = look(x)\n    return act(seen=y, x=x)\n", [ref["look"], ref["x"]]),
        ("def workflow(x):\n    y = look(x)\n    return act(*[x, y])\n", [1, 2]),
        ("def workflow(x):\n    y = look(x)\n    return act(**{'x': x, 'seen': y})\n", [1, 2]),
        ("def workflow(x):\n    look(x)\n    return [act(x, 0) for x in [8]][0]\n", [8, 0]),
        ("def workflow(x):\n    look(x)\n    return (lambda x: act(x, 0))(8)\n", [8, 0]),
        (
            "def workflow(x):\n    y = look(x)\n    for i in range(1):\n        z = act(i, y)\n    return z\n",
            [0, ref["look"]],
        ),
        ("def workflow(x):\n    look(x)\n    return act(x, (x := 4))\n", [1, 4]),
        ("def helper(x):\n    return act(x, look(x))\ndef workflow(x):\n    return helper(x)\n", [1, 2]),
    ],
)
def test_sources_are_those_of_the_workflows_text(workflow: str, arguments: list[Any], zygote: Zygote) -> None:
    [found] = [call for call in calls(zygote, LOOK, ACT, workflow=workflow) if call.component == "act"]
    assert found.arguments == arguments


def test_call_that_raises_is_told(zygote: Zygote) -> None:
    found = calls(zygote, LOOK, "def act(x, seen):\n    return 1 // 0\n")
    assert [(call.component, call.result) for call in found] == [("look", 2), ("act", RAISED)]


def test_calls_of_the_workflow_are_told_however_many_are_made_within(zygote: Zygote) -> None:
    """And how many are not told is told, too."""
    look = "def look(x):\n    return x\n"
    act = "def act(x, seen):\n    return [look(i) for i in range(40)][0]\n"
    found = calls(zygote, look, act)
    assert [call.component for call in found if call.component != "look"] == ["act", "more calls not shown"]
    shown = sum(call.component == "look" for call in found)
    assert found[-1].result == 41 - shown
    assert found[-1].component == "more calls not shown"


def test_arguments_are_told_as_they_were(zygote: Zygote) -> None:
    """Before the component changed them."""
    workflow = "def workflow(x):\n    return act(x, [1, 2])\n"
    act = "def act(x, seen):\n    seen.clear()\n    return 0\n"
    assert calls(zygote, LOOK, act, workflow=workflow)[0].arguments == [ref["x"], [1, 2]]
