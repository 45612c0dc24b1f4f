"""A component that may not be edited stays what it is, whatever the text of another one does."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.env import OptimizationEnv

HONEST = "def select_action(obs, lean):\n    return 1 if lean > 0 else 0\n"
N = "def _n(obs):\n    return obs['pole_angle'] + obs['pole_velocity']\n\n"
"""What would earn ten times the score in the place of the fixed estimate_lean."""
OTHER = "obs['pole_angle'] + obs['pole_velocity']"


def before(code: str) -> str:
    """An honest text, and this before it."""
    return f"{N}{code}\n\n{HONEST}"


def within(code: str) -> str:
    """An honest text that does this first."""
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    return f"{N}def select_action(obs, lean):\n{lines}    return 1 if lean > 0 else 0\n"


BINDINGS = {
    "function": before(f"def estimate_lean(obs):\n    return {OTHER}"),
    "assignment": before("estimate_lean = _n"),
    "annotated assignment": before("estimate_lean: object = _n"),
    "lambda": before(f"estimate_lean = lambda obs: {OTHER}"),
    "walrus": before("(estimate_lean := _n)"),
    "unpacking": before("estimate_lean, *rest = [_n, 1]"),
    "loop": before("for estimate_lean in [_n]:\n    pass"),
    "with": before("import contextlib\nwith contextlib.nullcontext(_n) as estimate_lean:\n    pass"),
    "match": before("match _n:\n    case estimate_lean:\n        pass"),
    "class": before(f"class estimate_lean:\n    def __new__(cls, obs):\n        return {OTHER}"),
    "metaclass": before(
        f"class M(type):\n    def __call__(cls, obs):\n        return {OTHER}\nclass estimate_lean(metaclass=M): ..."
    ),
    "import": before("from operator import itemgetter as estimate_lean"),
    "module as": before("import math as estimate_lean"),
    "exception": before("try:\n    1 / 0\nexcept ZeroDivisionError as estimate_lean:\n    pass"),
    "deletion": before("estimate_lean = _n\ndel estimate_lean"),
    "global": before("def _s():\n    global estimate_lean\n    estimate_lean = _n\n_s()"),
    "global in the call": within("global estimate_lean\nestimate_lean = _n"),
    "decorator": before("def _d(f):\n    return _n\n@_d\ndef estimate_lean(obs): ..."),
    "globals by index": before("globals()['estimate_lean'] = _n"),
    "workflow": before("def workflow(obs):\n    return 1 if _n(obs) > 0 else 0"),
}
"""What binds a name: it is the text's own."""

REACHES = {
    "globals by update": before("globals().update(estimate_lean=_n)"),
    "vars": before("vars()['estimate_lean'] = _n"),
    "locals": before("locals()['estimate_lean'] = _n"),
    "exec": before("exec('def estimate_lean(obs): return 9')"),
    "eval": before("eval('globals().update(estimate_lean=_n)')"),
    "compiled": before("eval(compile('estimate_lean = _n', '', 'exec'))"),
    "__builtins__": before("__builtins__['estimate_lean'] = _n"),
    "builtins": before("import builtins\nbuiltins.estimate_lean = _n"),
    "setattr of a module": before("import sys\nsetattr(sys.modules[__name__], 'estimate_lean', _n)"),
    "code": within("estimate_lean.__code__ = _n.__code__"),
    "code by setattr": within("setattr(estimate_lean, '__code__', getattr(_n, '__code__'))"),
    "code by another name": within("e = estimate_lean\nsetattr(e, '__co' + 'de__', getattr(_n, '__co' + 'de__'))"),
    "code by object": within("object.__setattr__(estimate_lean, '__code__', _n.__code__)"),
    "its globals": within("estimate_lean.__globals__['estimate_lean'] = _n"),
    "its class": within("type(estimate_lean).__call__ = lambda self, obs: _n(obs)"),
    "its slot": within("object.__getattribute__(estimate_lean, 'function').__code__ = _n.__code__"),
    "an attribute": within("estimate_lean.factor = 2"),
    "its dict": within("estimate_lean.__dict__['factor'] = 2"),
    "frame": within("import sys\nsys._getframe(1).f_globals['estimate_lean'] = _n"),
    "frame by name": within("from sys import _getframe as up\nup(1).f_globals.update(estimate_lean=_n)"),
    "frame by another module": within("import collections\ncollections._sys._getframe(1).f_globals.clear()"),
    "frame by inspect": within("import inspect\ninspect.currentframe().f_back.f_globals['estimate_lean'] = _n"),
    "frame of a traceback": within(
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
        "    e.__traceback__.tb_frame.f_back.f_globals['estimate_lean'] = _n"
    ),
    "frame of a generator": within("g = (i for i in [1])\ng.gi_frame.f_back"),
    "frame of a signal": before("import signal\nsignal.signal(signal.SIGALRM, lambda n, frame: frame.f_back)"),
    "trace function": before("import sys\nsys.settrace(lambda frame, event, arg: None)"),
    "garbage collector": within(
        "import gc\nfor o in gc.get_objects():\n"
        "    if getattr(o, '__name__', '') == 'estimate_lean':\n        o.__code__ = _n.__code__"
    ),
    "ctypes": before("import ctypes\nctypes.pythonapi.PyDict_SetItem"),
    "import hook": before("import importlib\nimportlib.import_module('builtins').estimate_lean = _n"),
    "__import__": before("__import__('builtins').estimate_lean = _n"),
    "attrgetter": before("import operator\noperator.attrgetter('__globals__')(_n)"),
    "formatter": before("import string\nstring.Formatter().get_field('0.__globals__', [_n], {})"),
    "subclasses": before("().__class__.__base__.__subclasses__()"),
    "pattern": within("match _n:\n    case object(__globals__=g):\n        g['estimate_lean'] = _n"),
    "mock": before("from unittest import mock\nmock.patch('builtins.abs', _n).start()"),
    "pickle": before("import pickle\npickle.loads(b'cbuiltins\\nexec\\n.')"),
    "function of a module": before("import math\nmath.sin = math.cos"),
    "function of a module by a second name": before("import math\nm = math\nm.sin = math.cos"),
    "method of a class": before("from fractions import Fraction\nFraction.limit_denominator = _n"),
    "class handed around": before(
        "from fractions import Fraction\ndef _c(c):\n    c.limit_denominator = _n\n_c(Fraction)"
    ),
    "class handed to dataclass": before("from dataclasses import dataclass\nfrom enum import Enum\ndataclass(Enum)"),
    "class of a value": within("from fractions import Fraction\nc = type(Fraction(1))\nc.limit_denominator = _n"),
    "class of a value by attribute": within(
        "from fractions import Fraction\nf = Fraction(1)\nf.__class__.limit_denominator = _n"
    ),
    "module of a class": within(
        "import warnings\nm = warnings.catch_warnings()._module.sys.modules['math']\nm.sin = _n"
    ),
    "memory": before(
        "import numpy\nnumpy.asarray(type('A', (), {'__array_interface__': {'data': (id(_n), False)}})())"
    ),
    "arithmetic of decimals": before("import decimal\ndecimal.getcontext().prec = 1"),
    "a variable's name": before("def _h(exec): ...\nexec('import builtins')"),
    "shared table": before("from json.encoder import ESCAPE_DCT as d\nd['a'] = 'b'"),
}
"""What leads beyond a text's own names: it is no edit."""


def made(**more: Any) -> OptimizationEnv:
    sizes: dict[str, Any] = {"validation_size": 2, "train_size": 2, "credit_horizon": 5}
    env = gym.make("GenOpt/Control-CartPole-v0", start="modular/naive", **sizes, **more).unwrapped
    assert isinstance(env, OptimizationEnv)
    return env


@pytest.fixture(scope="module")
def env() -> OptimizationEnv:
    """With estimate_lean fixed."""
    return made(editable=["select_action"])


def test_there_are_many_ways() -> None:
    assert len(BINDINGS) + len(REACHES) >= 60


@pytest.mark.parametrize("text", BINDINGS.values(), ids=BINDINGS)
def test_binding_its_name_has_no_effect(text: str, env: OptimizationEnv) -> None:
    env.reset(seed=0)
    start = env.first.score
    observation, _, _, _, info = env.step({"select_action": text})
    assert (info["outcome"], observation["score"][0]) == ("ok", start)


@pytest.mark.parametrize("text", REACHES.values(), ids=REACHES)
def test_what_could_reach_it_is_forbidden(text: str, env: OptimizationEnv) -> None:
    """It is said which line, and the edit is not run."""
    env.reset(seed=0)
    trials = env.evaluator.ledger.total.trials
    observation, _, _, _, info = env.step({"select_action": text})
    assert info["outcome"] == "forbidden"
    assert "of select_action:" in observation["feedback"]
    assert "components beside it are fixed" in observation["feedback"]
    assert env.evaluator.ledger.total.trials == trials


def test_whole_program_in_a_reply_changes_its_own_part_alone(env: OptimizationEnv) -> None:
    env.reset(seed=0)
    reply = f"```python\n{N.replace('_n', 'estimate_lean')}\n{HONEST.replace('> 0', '> 0.0')}```"
    observation, _, _, _, info = env.step(reply)
    assert (info["outcome"], observation["score"][0]) == ("ok", env.first.score)


def test_text_that_repeats_another_component_does_not_shadow_it() -> None:
    """What a model resends by the way is not in the way of later edits."""
    env = made()
    env.reset(seed=0)
    env.step({"select_action": f"def estimate_lean(obs):\n    return 0\n\n\n{HONEST}"})
    observation, _, _, _, _ = env.step({"estimate_lean": N.replace("_n", "estimate_lean")})
    assert observation["score"][0] > 5 * env.first.score


@pytest.mark.parametrize("text", [REACHES["frame"], REACHES["function of a module"]])
def test_where_nothing_is_fixed_the_text_is_run(text: str) -> None:
    env = made()
    env.reset(seed=0)
    assert env.step({"select_action": text})[4]["outcome"] != "forbidden"


def test_what_the_start_does_later_texts_may_do() -> None:
    env = made(editable=["select_action"])
    env.start = env.start.edited({"select_action": f"import sys\nsys._getframe\n{HONEST}"})
    env.reset(seed=0)
    assert env.step({"select_action": f"import sys\nsys._getframe\n{HONEST}# again\n"})[4]["outcome"] == "ok"
    assert env.step({"select_action": f"import gc\n{HONEST}"})[4]["outcome"] == "forbidden"


def test_kinds_of_str_are_texts() -> None:
    class Text(str):
        __slots__ = ()

    env = made()
    env.reset(seed=0)
    assert env.step({Text("select_action"): Text(f"{HONEST}# other\n")})[4]["outcome"] == "ok"
    assert {type(text) for text in env.artifact.texts.values()} == {str}
    assert {type(name) for name in env.artifact.texts} == {str}
