"""What confined forks may do with files, witnessed in real ones; and the list of what they may read."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from genopt_gym.sandbox import confine, landlock, seccomp, syscalls
from tests.sandbox.landlock_scene import APPLY, STRONG, Scene

ATTACKS = {
    "read a secret": "open(secret).read()",
    "read it by a link": "open('link').read()",
    "list its folder": "os.listdir(os.path.dirname(secret))",
    "list the root": "os.listdir('/')",
    "read a sibling's scratch": "open(other + '/file').read()",
    "list the siblings": "os.listdir(root)",
    "read the accounts": "open('/etc/passwd').read(0)",
    "read the parent's environment": "open(f'/proc/{os.getppid()}/environ').read(0)",
    "read the parent's memory": "open(f'/proc/{os.getppid()}/mem', 'rb').seek(0)",
    "read the own memory map": "open('/proc/self/maps').read(0)",
    "list descriptors": "len(os.listdir('/proc/self/fd')) and None",
    "write outside": "open(secret, 'a').write('')",
    "write into a sibling": "open(other + '/new', 'w').write('')",
    "write beside": "open(root + '/new', 'w').write('')",
    "write what may be read": "open(json.__file__, 'a').write('')",
    "remove outside": "os.remove(other + '/file')",
    "rename outwards": "os.rename('file', other + '/taken')",
    "rename inwards": "os.rename(other + '/sub/file', 'taken')",
    "make a folder outside": "os.mkdir(root + '/folder')",
}

NORMAL = {
    "open('file').read()": "mine",
    "open('file', 'w').write('four')": 4,
    "open('sub/new', 'w').write('four')": 4,
    "os.rename('sub/file', 'moved')": None,
    "sorted(os.listdir('.'))": ["file", "link", "moved", "sub"],
    "os.remove('moved')": None,
    "os.mkdir('sub/sub')": None,
    "open('/dev/null', 'w').write('four')": 4,
    "len(open('/dev/urandom', 'rb').read(4))": 4,
    "os.path.exists(secret)": True,
}

needs_landlock = pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")
needs_strong = pytest.mark.skipif(
    confine.available_tier() != "strong", reason="this system cannot enforce the tier strong"
)


@pytest.fixture
def scene() -> Iterator[Scene]:
    # Not in pytest's own folder: whoever starts pytest meanwhile closes that to the ordinary user again.
    with tempfile.TemporaryDirectory(prefix="genopt-scene-") as folder:
        yield Scene(Path(folder))


@pytest.fixture(params=["as it is", "ordinary user"])
def user(request: pytest.FixtureRequest) -> Iterator[int]:
    """0 for the user who runs the tests; for root also an ordinary one."""
    if request.param == "as it is":
        yield 0
    elif os.geteuid() == 0:
        yield 65534
    else:
        pytest.skip("the tests already run as an ordinary user")


@needs_strong
def test_attacks_are_refused(scene: Scene, user: int) -> None:
    found = scene.witness(list(ATTACKS.values()), user=user)
    assert {name: found[code] for name, code in ATTACKS.items()} == dict.fromkeys(ATTACKS, "EACCES")
    assert scene.secret.read_text() == "42"


def test_attacks_bite_without_confinement(scene: Scene) -> None:
    read_only = {name: code for name, code in ATTACKS.items() if name != "write what may be read"}
    found = scene.witness(list(read_only.values()), zygote="", child="")
    assert {name: found[code] for name, code in read_only.items() if found[code] == "EACCES"} == {}


@needs_strong
def test_scratch_is_for_work(scene: Scene, user: int) -> None:
    assert scene.witness(list(NORMAL), user=user) == NORMAL


@needs_strong
def test_the_zygote_can_still_end_a_fork(scene: Scene, user: int) -> None:
    zygote = f"""{STRONG}
child = os.fork()
if child == 0:
    {APPLY}
    __import__('time').sleep(30)
os.kill(child, signal.SIGKILL)
ended_by = os.waitpid(child, 0)[1]
"""
    assert scene.witness(["ended_by"], zygote=zygote, user=user) == {"ended_by": 9}


@needs_strong
def test_imports_after_confinement(scene: Scene) -> None:
    modules = ["csv", "decimal", "email.mime.text", "sqlite3", "uuid", "xml.etree.ElementTree", "zoneinfo"]
    codes = [f"importlib.import_module({name!r}).__name__" for name in modules]
    assert list(scene.witness(codes).values()) == modules
    codes = [f"importlib.import_module({name!r})" for name in ("pytest", "no_such_module")]
    assert scene.witness(codes) == dict.fromkeys(codes, "ModuleNotFoundError")
    # An editable installation has an import hook of its own, which finds the package and cannot read it.
    forget = "[sys.modules.pop(name) for name in list(sys.modules) if name.startswith('genopt')]"
    code = f"{forget}, __import__('genopt_gym.core.task')"
    assert scene.witness([code])[code] in ("ModuleNotFoundError", "EACCES")


@needs_strong
def test_numpy_goes_on_after_confinement(scene: Scene) -> None:
    pytest.importorskip("numpy")
    numpy = "sys.modules['numpy']"
    codes = {
        "importlib.import_module('numpy.polynomial').__name__": "numpy.polynomial",
        "importlib.import_module('numpy.testing').__name__": "numpy.testing",
        "importlib.import_module('numpy.f2py').__name__": "numpy.f2py",
        f"int({numpy}.linalg.inv({numpy}.eye(300)).sum())": 300,
        f"int({numpy}.ones(10_000_000).sum())": 10_000_000,
        f"{numpy}.save('x.npy', [1, 2]), {numpy}.load('x.npy').tolist()": [None, [1, 2]],
        "importlib.import_module('pytest')": "ModuleNotFoundError",
    }
    assert scene.witness(list(codes), profile="numpy") == codes


@needs_landlock
def test_one_layer_alone(scene: Scene) -> None:
    restrict = "landlock.restrict([os.path.dirname(secret), '/does/not/exist'], [own])"
    codes = {
        "open(secret).read()": "42",
        "open(secret, 'w')": "EACCES",
        "open(other + '/file')": "EACCES",
        "open('file', 'w').write('four')": 4,
        "os.symlink('a', 'b')": "EACCES",
        "os.mkfifo('fifo')": "EACCES",
        "os.rename('file', 'sub/moved')": None if landlock.abi() >= 2 else "EXDEV",
    }
    assert scene.witness(list(codes), zygote="", child=restrict) == codes


@needs_landlock
def test_what_newer_kernels_refuse_besides_files(scene: Scene) -> None:
    codes = {
        "socket.create_connection(listener.getsockname()).close()": 4,
        "socket.socket().bind(('127.0.0.1', 0))": 4,
        "socket.socket(socket.AF_UNIX).connect('\\0' + own)": 6,
        "os.kill(os.getppid(), 0)": 6,
    }
    controls = scene.witness(list(codes), zygote="", child="")
    assert list(controls.values()) == [None] * 4
    found = scene.witness(list(codes), zygote="", child="landlock.restrict([], [own])")
    for code, since in codes.items():
        assert (found[code] in ("EACCES", "EPERM")) == (landlock.abi() >= since), code


@needs_strong
def test_all_steps_at_once(scene: Scene) -> None:
    codes = {"open(secret)": "EACCES", "open('file').read()": "mine", "socket.socket()": "EPERM"}
    assert scene.witness(list(codes), zygote="", child="confine.confine('strong', read, own)") == codes


@pytest.mark.skipif(not seccomp.available(), reason="this system has no seccomp filters")
def test_tier_seccomp_opens_nothing(scene: Scene, user: int) -> None:
    codes = ["open(secret)", "open('file')", "os.path.getsize(secret)", "os.kill(os.getppid(), 0)"]
    found = scene.witness(codes, zygote="prepared = confine.prepare('seccomp', read, root)", user=user)
    assert found == dict.fromkeys(codes, "EPERM")


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
def test_capabilities_are_given_up(scene: Scene) -> None:
    status = "dict(line.split() for line in open('/proc/self/status') if line.startswith('Cap'))"
    found = scene.witness([status], zygote="prepared = confine.prepare('weak', read, root)")[status]
    assert isinstance(found, dict)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", *(["CapBnd"] if os.geteuid() == 0 else [])):
        assert int(found[f"{name}:"], 16) == 0, name


# --- what may be read -------------------------------------------------------------------------------


def _readable(path: Path, profile: str) -> bool:
    allowed = (Path(allowed).resolve() for allowed in confine.readable_paths(profile))
    return any(path.resolve().is_relative_to(folder) for folder in allowed)


@pytest.mark.parametrize("profile", list(confine.PROFILES))
def test_nothing_of_the_project_may_be_read(profile: str) -> None:
    assert not _readable(Path(confine.__file__), profile)
    assert not _readable(Path(pytest.__file__), profile)
    assert not _readable(Path("/etc/passwd"), profile)
    assert _readable(Path(json.__file__), profile)
    assert _readable(Path(os.__file__), profile)


def test_data_sets_with_answers_are_withheld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "sklearn"
    answers = [package / "datasets/data/digits.csv", package / "datasets/tests/data/x.csv"]
    code = [
        package / "__init__.py",
        package / "datasets/__init__.py",
        package / "datasets/descr/digits.rst",
        package / "tree/_tree.so",
        tmp_path / "scikit_learn.libs/libgomp.so",
        tmp_path / "threadpoolctl.py",
    ]
    for path in (*answers, *code):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in ("sklearn", "threadpoolctl"):
        monkeypatch.delitem(sys.modules, name, raising=False)  # what is imported is not looked for again
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [path for path in answers if _readable(path, "data")] == []
    assert [path for path in code if not _readable(path, "data")] == []
    assert not _readable(code[0], "numpy")


def test_site_packages_inside_the_standard_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "email/header.py", "site-packages/other.py", "dist-packages/other.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(confine, "stdlib_folders", lambda: (str(tmp_path),))
    assert _readable(tmp_path / "json.py", "bare")
    assert _readable(tmp_path / "email" / "header.py", "bare")
    assert not _readable(tmp_path / "site-packages" / "other.py", "bare")
    assert not _readable(tmp_path / "dist-packages" / "other.py", "bare")


@needs_strong
def test_readable_and_scratch_may_lie_in_one_folder(scene: Scene) -> None:
    library = scene.root / "library"
    library.mkdir()
    (library / "allowed").write_text("yes")
    (library / "withheld").write_text("no")
    codes = {
        f"open({str(library / 'allowed')!r}).read()": "yes",
        f"open({str(library / 'withheld')!r}).read()": "EACCES",
        f"open({str(library / 'allowed')!r}, 'w')": "EACCES",
    }
    zygote = f"prepared = confine.prepare('strong', [{str(library / 'allowed')!r}], root)"
    assert scene.witness(list(codes), zygote=zygote) == codes
    zygote = "prepared = confine.prepare('strong', [os.path.dirname(root)], root)"
    with pytest.raises(AssertionError, match="which artifacts may read"):
        scene.witness(["1"], zygote=zygote)


# --- systems that lack something --------------------------------------------------------------------


def test_what_is_missing_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "architecture", lambda: None)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert confine.available_tier() == "weak-only"
    assert confine.facts()["landlock_abi"] == 0
    with pytest.raises(OSError, match="no system call landlock_create_ruleset"):
        landlock.restrict([])
    with pytest.raises(OSError, match="the calls of this platform are not known"):
        seccomp.assemble(allow_open=False)


def test_without_landlock_the_tier_is_seccomp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert confine.available_tier() == ("seccomp" if seccomp.available() else "weak-only")
