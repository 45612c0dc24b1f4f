"""Errors that are the user's to mend, or to raise."""

from __future__ import annotations


class UserError(Exception):
    """Bad input. The message is one sentence that says what was wrong and what to do; the CLI exits with 2."""


class ParameterError(UserError, ValueError):
    """A parameter that is missing, or whose value is not allowed.

    Attributes:
        parameter: its name: a keyword of ``gym.make``, or an option of an agent.
    """

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


class UnknownParameter(UserError, TypeError):
    """A parameter that there is not.

    Attributes:
        parameter: its name.
    """

    def __init__(self, message: str, parameter: str = "") -> None:
        # Gymnasium raises a TypeError again, as its class with nothing but a message.
        super().__init__(message)
        self.parameter = parameter


class OptionError(ParameterError):
    """An option of an agent that is unknown, missing or wrong."""


class MissingOption(OptionError):
    """An agent needs an option that it was not given."""


def parameter_of(error: BaseException) -> str:
    """The parameter that an error is about, or one that it was raised from; empty if they name none.

    >>> try:
    ...     try:
    ...         raise ParameterError("batch_size must be a whole number from 1, got 0", "batch_size")
    ...     except ValueError as error:
    ...         raise UserError(str(error)) from error
    ... except UserError as error:
    ...     parameter_of(error)
    'batch_size'
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ParameterError | UnknownParameter) and found.parameter:
            return found.parameter
        found = found.__cause__
    return ""


class ContractBroken(Exception):
    """For a scoring function to raise when a component's answer is none. The trial fails with the message."""
