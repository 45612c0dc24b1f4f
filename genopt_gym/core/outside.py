"""Names that a text of Python takes from outside."""

from __future__ import annotations

import builtins
import symtable


def names_from_outside(text: str) -> set[str]:
    """Names that a text uses, but neither defines nor finds among Python's own.

    >>> names_from_outside("def act(x):\\n    return helper(max(x))\\n")
    {'helper'}
    """
    tables = [symtable.symtable(text, "component", "exec")]
    used: set[str] = set()
    defined: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table.get_type() == "module" or symbol.is_global():
                names = defined if symbol.is_assigned() or symbol.is_imported() else used
                names.add(symbol.get_name())
    return used - defined - set(dir(builtins)) - {"__name__"}
