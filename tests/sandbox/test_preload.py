"""What artifacts may import is there in every tier: in ``seccomp``, where a fork opens no file, it is loaded before."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import psutil
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox import preload
from genopt_gym.sandbox.confine import available_tier
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.zygote import Zygote

pytestmark = pytest.mark.skipif(available_tier() == "weak-only", reason="this system cannot enforce the tier")

IMPORTS = """\
import importlib

def work(names):
    missing = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing
"""
USES = {
    "dates": "__import__('datetime').datetime.strptime('2026-01-31', '%Y-%m-%d').month",
    "codecs": "len('é'.encode('utf-16-le')) + len('é'.encode('cp1252')) + len('é'.encode('idna'))",
    "names of characters": "len('\\N{EURO SIGN}' + __import__('unicodedata').name('€'))",
    "digests": "len(__import__('hashlib').sha256(b'x').hexdigest())",
    "elements": "len(__import__('xml.etree.ElementTree').etree.ElementTree.fromstring('<a><b/></a>'))",
    "decimals": "int(__import__('decimal').Decimal('2').sqrt() * 100)",
    "a tree": "len(__import__('ast').dump(__import__('ast').parse('1 + 1')))",
    "a difference": "len(list(__import__('difflib').unified_diff(['a'], ['b'])))",
}


class ProfileZygote(Zygote):
    """A zygote in tier ``seccomp`` that knows its profile."""

    def __init__(self, profile: str, scratch_root: str) -> None:
        super().__init__(profile, "seccomp", scratch_root)
        self.profile = profile


@pytest.fixture(scope="module", params=["bare", "numpy", "data"])
def zygote(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProfileZygote]:
    for name in {"bare": (), "numpy": ("numpy",), "data": ("sklearn", "pandas")}[request.param]:
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    zygote = ProfileZygote(request.param, str(tmp_path_factory.mktemp("scratch")))
    yield zygote
    zygote.close()


def ask(zygote: Zygote, text: str, x: object) -> object:
    program = Program([("work", "python", text)], "def workflow(x):\n    return work(x)\n")
    with Session(zygote, program, [0], Limits(call_seconds=60, cpu_seconds=60), False) as session:
        [reply] = session.call([0], [[x]])
    assert reply.failure is None, reply.failure
    return reply.result


def test_the_whole_standard_library_is_there(zygote: Zygote) -> None:
    """As far as this interpreter has it."""
    public = [name for name in sys.stdlib_module_names if not name.startswith("_")]
    promised = sorted(name for name in public if name not in preload.NOT_LOADED and _is_here(name))
    assert ask(zygote, IMPORTS, [*promised, "concurrent.futures", "xml.etree.ElementTree", "importlib.metadata"]) == []


def test_libraries_are_there_with_their_parts(zygote: ProfileZygote) -> None:
    parts: dict[str, list[str]] = {
        "bare": [],
        "numpy": ["numpy.random", "numpy.linalg", "numpy.fft"],
        "data": ["numpy.random", "scipy.optimize", "scipy.stats", "sklearn.svm", "sklearn.mixture", "pandas.api.types"],
    }
    assert ask(zygote, IMPORTS, parts[zygote.profile]) == []


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_a_module_loads_at_its_first_use_is_there(use: str, zygote: Zygote) -> None:
    assert ask(zygote, f"def work(x):\n    return {use}\n", 0)


def test_zygote_stays_at_one_thread(zygote: Zygote) -> None:
    assert psutil.Process(zygote._process.pid).num_threads() == 1


def _is_here(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:
        return False
    return True
