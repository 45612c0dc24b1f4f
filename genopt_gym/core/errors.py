"""Errors that are the user's to mend, or to raise."""

from __future__ import annotations


class UserError(Exception):
    """Bad input. The message is one sentence that says what was wrong and what to do; the CLI exits with 2."""


class OptionError(UserError, ValueError):
    """An option of an agent that is unknown, missing or wrong.

    Attributes:
        option: its name.
    """

    def __init__(self, message: str, option: str) -> None:
        super().__init__(message)
        self.option = option


class MissingOption(OptionError):
    """An agent needs an option that it was not given."""


class ContractBroken(Exception):
    """For a scoring function to raise when a component's answer is none. The trial fails with the message."""
