"""What is marked as deprecated or experimental works as before, and warns whoever calls it."""

from __future__ import annotations

import inspect
import warnings

import pytest

from genopt_gym.core.stability import ExperimentalWarning, deprecated, experimental


@deprecated(since="0.2", instead="half")
def divide(number: float, by: float = 2) -> float:
    """A part of a number."""
    return number / by


@experimental(since="0.3")
class Counter:
    """Counts."""

    def __init__(self, start: int = 0) -> None:
        self.count = start


def test_a_deprecated_function_warns_at_the_callers_line() -> None:
    with pytest.warns(DeprecationWarning, match=r"divide is deprecated since 0\.2: use half") as caught:
        assert divide(9, by=3) == 3
    assert caught[0].filename == __file__


def test_an_experimental_class_warns_when_it_is_made_and_stays_itself() -> None:
    with pytest.warns(ExperimentalWarning, match=r"Counter is experimental since 0\.3: it may change") as caught:
        counter = Counter(start=4)
    assert caught[0].filename == __file__
    assert counter.count == 4
    assert type(counter) is Counter


def test_defining_them_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @deprecated(since="0.2")
        def gone() -> None:
            """Nothing."""

    with pytest.warns(DeprecationWarning, match="it will be removed without a replacement"):
        gone()


def test_documentation_and_signature_tell_of_it() -> None:
    assert divide.__doc__ == "A part of a number.\n\nDeprecated since 0.2: use half."
    assert list(inspect.signature(divide).parameters) == ["number", "by"]
    assert Counter.__doc__ is not None
    assert Counter.__doc__.endswith("Experimental since 0.3: it may change in the next version.")
