"""What somebody's own code and data are by content: the files that a task, a function or an agent is made of.

Own is what lies neither in the standard library, nor in ``site-packages``, nor in this package. From the modules that
are named, imports are followed as they are written, those within functions too; ``importlib.import_module`` only
where it is given a plain text. A file that code opens by itself, and an environment variable, are not seen.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from genopt_gym.core.errors import UserError
from genopt_gym.core.parsing import parse_python
from genopt_gym.core.registry import is_reference

FILE = "file:"
"""Before the path of a data file, where a module has its path within its package alone."""
LIBRARIES = ("site-packages", "dist-packages")
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


class SourcesChanged(UserError):
    """Own code or data is no longer what it was when it was hashed."""


class OwnModule(NamedTuple):
    """A module of the user's own: its name, where it lies, and what its file holds."""

    name: str
    path: Path
    digest: str
    is_package: bool

    @property
    def file(self) -> str:
        """``my_package/grading.py``: as a sentence names it, wherever the folder lies."""
        return self.name.replace(".", "/") + ("/__init__.py" if self.is_package else ".py")


def sources_of(*values: Any, files: Iterable[str] = ()) -> dict[str, str]:
    """File to hash of everything of the user's own that these values reach.

    Args:
        values: plain data; each text in it that is ``module:name``, or Python source, is followed.
        files: paths of data files.

    >>> sources_of("genopt_gym.envs.control.cart_pole:CartPole", {"start": "modular/naive"})
    {}
    """
    found = {module.file: module.digest for module in own_modules(*values)}
    found |= {FILE + str(file): _digest_of_file(Path(file)) for file in files}
    return dict(sorted(found.items()))


def own_modules(*values: Any) -> list[OwnModule]:
    """The user's own modules that these values name, and those that they import."""
    importlib.invalidate_caches()
    found: dict[str, OwnModule] = {}
    for text in _texts(values):
        if is_reference(text):
            _follow(text.partition(":")[0], found)
        elif "\n" in text and "def " in text:
            for name in _imports(text, ""):
                _follow(name, found)
    return list(found.values())


def changed_since(sources: Mapping[str, str]) -> list[str]:
    """The files, as a sentence names them, whose content is no longer what ``sources`` says."""
    importlib.invalidate_caches()
    return [named(file) for file, digest in sources.items() if _digest_now(file) != digest]


def differing(a: Mapping[str, str], b: Mapping[str, str]) -> list[str]:
    """The files, as a sentence names them, that are not the same in both."""
    return [named(file) for file in sorted(a.keys() | b.keys()) if a.get(file) != b.get(file)]


def named(file: str) -> str:
    """A file as a sentence names it.

    >>> named("grading.py"), named("file:/home/me/rows.csv")
    ('grading.py', 'rows.csv')
    """
    return Path(file.removeprefix(FILE)).name if file.startswith(FILE) else file


def check_imported(*values: Any) -> None:
    """SourcesChanged if a module that these values reach was edited after this process has imported it.

    Workers import what lies in the file; here the module is what it was. What is described to the optimizer would then
    be another thing than what scores.
    """
    for own in own_modules(*values):
        module = sys.modules.get(own.name)
        if module is not None and _is_older(module, own):
            raise SourcesChanged(
                f"{own.file} was edited after it was imported here: importlib.reload({own.name}), or start Python "
                "anew, and make the environment again"
            )


def import_afresh(sources: Mapping[str, str]) -> None:
    """From now on import these modules from their source alone.

    Python takes a compiled file for the source's whose size and second of writing it has: an edit of a number within
    the second would not be seen.
    """
    known = next((each for each in sys.meta_path if isinstance(each, _FromSource)), None)
    if known is None:
        known = _FromSource()
        sys.meta_path.insert(0, known)
    known.names |= {_module(file) for file in sources if not file.startswith(FILE)}


class _FromSource(importlib.abc.MetaPathFinder):
    """Finds the modules of these names as Python does, and leaves their compiled files aside."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self.names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _SourceLoader(spec.loader.name, spec.loader.path)
        return spec


class _SourceLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        return compile(self.get_data(path), path, "exec", dont_inherit=True)


_seen: dict[str, tuple[object, str]] = {}
"""Module to the spec that it was loaded by, which is another one after a reload, and what its file held then."""


def _is_older(module: ModuleType, own: OwnModule) -> bool:
    spec = module.__spec__
    if spec is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
        return False  # such as pytest's, which rewrites what it loads
    known, digest = _seen.get(own.name, (None, ""))
    if known is spec:
        return digest != own.digest
    if _is_from(module, own.path):
        _seen[own.name] = (spec, own.digest)
        return False
    return True


def _is_from(module: ModuleType, path: Path) -> bool:
    """Whether a module's functions are those of the file."""
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except SyntaxError:
        return False
    inner: dict[str, list[CodeType]] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner.setdefault(constant.co_name, []).append(constant)
    return all(
        value.__code__ in inner.get(name, ())
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and (value.__module__, value.__qualname__) == (module.__name__, name)
        and not hasattr(value, "__wrapped__")
        and value.__code__.co_filename == str(path)
    )


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    elif isinstance(values, Mapping):
        yield from _texts(list(values.values()))
    elif isinstance(values, Sequence) and not isinstance(values, bytes):
        for value in values:
            yield from _texts(value)


def _follow(name: str, found: dict[str, OwnModule]) -> None:
    """Add a module with its packages, and what they import, as far as they are the user's own."""
    parts = name.split(".")
    places: Sequence[str] | None = None
    for depth in range(len(parts)):
        prefix = ".".join(parts[: depth + 1])
        spec = _located(prefix, places if depth else None)
        if spec is None:
            return
        if prefix not in found and spec.origin is not None and spec.has_location:
            path = Path(spec.origin)
            if _is_library(path) or not path.is_file():
                return
            is_package = spec.submodule_search_locations is not None
            found[prefix] = OwnModule(prefix, path, _digest_of_file(path), is_package)
            if path.suffix == ".py":
                package = prefix if is_package else prefix.rpartition(".")[0]
                for imported in _imports(path.read_text(encoding="utf-8", errors="replace"), package):
                    _follow(imported, found)
        places = list(spec.submodule_search_locations or ())


def _located(name: str, places: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
    """Where a module lies; nothing is imported. ``places`` are those of its package."""
    if places is None:
        if name in sys.stdlib_module_names or name in ("genopt_gym", "__main__"):
            return None
        try:
            return importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
    return importlib.machinery.PathFinder.find_spec(name, places) if places else None


def _is_library(path: Path) -> bool:
    return any(part in LIBRARIES for part in path.parts) or str(path).startswith(_STANDARD)


@lru_cache(256)
def _imports(text: str, package: str) -> tuple[str, ...]:
    """Dotted names that a source may import: modules, and what it takes out of them, which may be modules too."""
    try:
        tree = parse_python(text)
    except SyntaxError:
        return ()
    names: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names |= {module: None, **{f"{module}.{alias.name}": None for alias in node.names}}
        elif isinstance(node, ast.Call) and node.args and _is_text(node.args[0]):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                names[node.args[0].value] = None  # type: ignore[attr-defined]
    return tuple(name for name in names if name)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _digest_now(file: str) -> str:
    if file.startswith(FILE):
        return _digest_of_file(Path(file.removeprefix(FILE)))
    found: dict[str, OwnModule] = {}
    _follow(_module(file), found)
    return next((own.digest for own in found.values() if own.file == file), "")


def _module(file: str) -> str:
    return file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")


def _digest_of_file(path: Path) -> str:
    """Of its content; empty if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""
