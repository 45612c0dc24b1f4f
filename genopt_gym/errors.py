"""Errors that are the user's to mend."""


class UserError(Exception):
    """Bad input. The message is one sentence that says what was wrong and what to do; the CLI exits with 2."""
