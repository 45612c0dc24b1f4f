"""What a text may reach beyond its own names is found without running it, and ordinary programs reach nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from genopt_gym.core.reach import reaches

ORDINARY = {
    "state": """
S = {}
def f(o):
    S['n'] = S.get('n', 0) + 1
    f.n = getattr(f, 'n', 0) + S['n']
    return f.n
f.n = 0
""",
    "globals() by name": """
def f(o):
    if 'n' not in globals():
        globals()['n'] = []
    return globals().get('n')
""",
    "a class": """
class A:
    def __init__(self):
        self.n = 0
    def up(self):
        self.n += 1
        self.__class__.m = 1
""",
    "a dataclass": """
from dataclasses import dataclass, field
@dataclass
class A:
    n: int = 0
    m: list = field(default_factory=list)
def f(o):
    a = A()
    a.n = 2
    return type(a).__name__
""",
    "a frozen class": """
class A:
    def __init__(self, n):
        object.__setattr__(self, 'n', n)
""",
    "decorators": """
from functools import lru_cache, wraps
def d(g):
    @wraps(g)
    def h(*a):
        return g(*a)
    return h
@lru_cache(None)
@d
def f(o):
    return o
""",
    "containers": """
from collections import defaultdict, deque, Counter
q = deque(maxlen=3)
def f(o):
    q.append(o)
    return Counter(q), defaultdict(list)
""",
    "enumerations": """
from enum import Enum
class E(Enum):
    A = 1
def f(o):
    return E.A.value
""",
    "named tuples": """
from typing import Any, NamedTuple
class P(NamedTuple):
    x: int
def f(o: Any) -> int:
    return P(1)._replace(x=2).x
""",
    "texts": """
import json, re, string, textwrap
def f(q):
    return json.dumps(re.sub(r'\\s', '', q)) + string.digits
""",
    "numbers": """
import math, random, statistics
from fractions import Fraction
from decimal import Decimal
def f(o):
    return max(map(Fraction, [1])) + math.pi + random.random(), Decimal('1')
""",
    "arrays": """
import numpy as np
def f(o):
    a = np.zeros(3)
    a[0] = 1
    a.shape = (3, 1)
    return np.linalg.norm(a), np.random.default_rng(0)
""",
    "tables": """
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
def f(x, t):
    x = x.copy()
    x['a'] = x['b'].fillna(0)
    x.columns = ['a']
    x.loc[0, 'a'] = 1
    return make_pipeline(SVC()).fit(x, t), pd.api.types.is_numeric_dtype(x)
""",
    "limits of numbers": """
import sys
BIG = sys.maxsize
def f(o):
    return BIG
""",
    "literals": """
import ast
def f(q):
    return ast.literal_eval(q)
""",
    "errors": """
def f(o):
    try:
        return o['x']
    except (KeyError, TypeError) as error:
        return error.__class__.__name__
""",
    "private names of its own": """
class A:
    _made = 0
    def __init__(self):
        self._n = 0
def f(o):
    f._last = A()._n + A._made
    return f._last
""",
    "variables called as built-in functions": """
def f(input, vars):
    open = vars['x'] + input.y
    return open + 1 if open > 0 else len(input[0])
""",
    "no Python": "def (",
}

FOUND = {
    "import os": (1, "os is imported", True),
    "x = 1\nfrom os import path": (2, "os is imported", True),
    "import sys\nsys.path.append('x')": (2, "sys.path is used", True),
    "import warnings\nwarnings.simplefilter('ignore')": (2, "warnings.simplefilter outlives a trial", False),
    "open('x')": (1, "open is used", False),
    "import decimal\ndecimal.getcontext().rounding": (2, "decimal.getcontext is used", True),
    "import numpy as np\nnp.seterr(all='raise')": (2, "numpy.seterr is used", True),
    "import numpy\nnumpy.random.set_state(())": (2, "numpy.random.set_state is used", True),
    "import pandas as pd\npd.set_option('x', 1)": (2, "pandas.set_option is used", True),
    "import pandas as pd\nframe.to_csv('x')": (2, "to_csv is used", False),
    "import pandas as pd\nframe.query('@x')": (2, "query is used", True),
    "import random\nrandom._os": (2, "random._os is used", True),
    "import numpy as np\nnp.ctypeslib": (2, "ctypeslib is used", True),
    "import math\nf = [math]": (2, "the module math is handed around", True),
    "import math\ndel math.pi": (2, "math.pi is changed", True),
    "import math\nmath.pi += 1": (2, "math.pi is changed", True),
    "import numpy as np\nnp.save('x', 1)": (2, "numpy.save is used", False),
    "def f(eval): ...\neval('1')": (2, "eval is used", True),
    "x._module": (1, "_module is used", True),
    "c = type(x)\nc.y = 1": (1, "the class of a value is handed around where attributes are set", True),
    "x = 1\nx.__class__.y = 1": (2, "the attribute y of a result is changed", True),
    "type('A', (), {'__array_interface__': 1})": (1, "__array_interface__ is named", True),
    "other.x = 1": (1, "other.x is changed", True),
    "def f(): return f.__globals__": (1, "__globals__ is used", True),
    "getattr(x, name)": (1, "getattr is used", True),
    "f = getattr": (1, "getattr is used", True),
    "class A:\n    __array_interface__ = {}": (2, "__array_interface__ is used", True),
    "class A:\n    def __reduce__(self): ...": (2, "__reduce__ is defined", True),
    "from functools import wraps\nwraps(f, assigned=['x'])": (
        2,
        "functools.wraps changes what is not the text's own",
        True,
    ),
}


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_programs_reach_nothing(text: str) -> None:
    assert reaches(text) == ()


@pytest.mark.parametrize(("text", "found"), FOUND.items(), ids=FOUND)
def test_what_reaches_further_is_found_with_its_line(text: str, found: tuple[int, str, bool]) -> None:
    assert found in reaches(text)


def test_policies_of_the_benchmarks_reach_nothing() -> None:
    policies = sorted(Path(__file__, "../../../benchmarks/policies").resolve().glob("*.py"))
    assert len(policies) >= 8
    assert [path.name for path in policies if reaches(path.read_text(encoding="utf-8"))] == []
