"""Functions of somebody's file as components: contract, text and what calls them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.artifact import Structure
from genopt_gym.envs.structuring import inputs_of, structure_of

Written = Callable[[str], Callable[..., Any]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The function ``act`` of a file with this text."""

    def load(text: str) -> Callable[..., Any]:
        path = tmp_path / "acting.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("acting", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        act: Callable[..., Any] = module.act
        return act

    return load


def structure(function: Callable[..., Any], workflow: str | None = None) -> Structure:
    return structure_of([function], {}, workflow, asks_model=False)


@pytest.mark.parametrize(
    ("text", "left", "documentation"),
    [
        ('def act(x):\n    """Adds é."""\n    return x  # so\n', "def act(x):\n    return x  # so\n", "Adds é."),
        ('def act(x):\n    """A.\n\n    B.\n    """\n\n    return x\n', "def act(x):\n\n    return x\n", "A.\n\nB."),
        ("def act(x):\n    return x\n", "def act(x):\n    return x\n", ""),
        # Without the docstring these would be no functions any more, or other ones: it stays.
        ('def act(x):\n    """Adds."""\n', 'def act(x):\n    """Adds."""\n', "Adds."),
        ('def act(x): "Adds."; return x\n', 'def act(x): "Adds."; return x\n', "Adds."),
        ('def act(x):\n    """Adds."""; return x\n', 'def act(x):\n    """Adds."""; return x\n', "Adds."),
    ],
    ids=["one line", "several", "none", "alone", "header's line", "statement's line"],
)  # fmt: skip
def test_the_docstring_goes_from_the_text_to_the_contract(
    written: Written, text: str, left: str, documentation: str
) -> None:
    made = structure(written(text))
    (component,) = made.components
    assert component.documentation == documentation
    assert made.implementations == {"given": {"act": left}}
    exec(left, namespace := {})  # type: ignore[var-annotated]
    assert callable(namespace["act"])


@pytest.mark.parametrize(
    ("header", "workflow"),
    [
        ("act()", "def workflow():\n    return act()\n"),
        ("act(x: list[float], /, y) -> int", "def workflow(x, y):\n    return act(x, y)\n"),
        ("act(x, y=1)", "def workflow(*arguments):\n    return act(*arguments)\n"),
        ("act(*x, z=2)", "def workflow(*arguments):\n    return act(*arguments)\n"),
    ],
)
def test_one_function_is_its_own_workflow(written: Written, header: str, workflow: str) -> None:
    made = structure(written(f"def {header}:\n    return 1\n"))
    assert made.components[0].signature == header
    assert made.workflow == workflow
    assert inputs_of(workflow) == [name for name in ("x", "y") if f"({name}" in workflow or f", {name})" in workflow]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("import math\ndef act(x):\n    return math.pi\n", "math"),
        ("LIMIT = 3\ndef act(x):\n    def inner():\n        return LIMIT\n    return inner()\n", "LIMIT"),
        ("from typing import Any\ndef act(x: Any):\n    return x\n", "Any"),
        ("import math\ndef act(x=math.pi):\n    return x\n", "math"),
    ],
)
def test_a_text_that_needs_its_file_is_refused(written: Written, text: str, missing: str) -> None:
    with pytest.raises(ValueError, match=rf"act uses {missing}, but only its own text is run: import"):
        structure(written(text))


def test_a_text_that_stands_alone_is_taken(written: Written) -> None:
    body = "    import math\n    global kept\n    kept = [y * math.pi for y in x if llm]\n    return act and kept\n"
    found = structure(written(f"def act(x: list) -> tuple:\n{body}"))
    assert [component.name for component in found.components] == ["act"]


@pytest.mark.parametrize(
    "text",
    [
        "import functools\n\ndef twice(f):\n    return functools.wraps(f)(lambda x: f(f(x)))\n\n"
        "@twice\ndef act(x):\n    return x\n",
        "async def act(x):\n    return x\n",
        "act = lambda x: x\nact.__name__ = 'act'\n",
    ],
    ids=["decorated", "coroutine", "lambda"],
)
def test_what_is_no_plain_function_is_refused(written: Written, text: str) -> None:
    with pytest.raises(ValueError, match="is no component: that is a plain `def"):
        structure(written(text))


def test_a_function_without_a_file_is_refused() -> None:
    code = compile("def act(x): return x", "<made up>", "exec")
    exec(code, namespace := {})  # type: ignore[var-annotated]
    with pytest.raises(ValueError, match="the source of act cannot be read"):
        structure(namespace["act"])
