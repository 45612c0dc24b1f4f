"""Errors that are the user's to mend, or to raise."""


class UserError(Exception):
    """Bad input. The message is one sentence that says what was wrong and what to do; the CLI exits with 2."""


class ContractBroken(Exception):
    """For a scoring function to raise when a component's answer is none. The trial fails with the message."""
