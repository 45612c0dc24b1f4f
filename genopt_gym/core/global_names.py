"""Global names of a text of Python: those that it binds, and those that it takes from outside."""

from __future__ import annotations

import builtins
import symtable


def global_names(text: str) -> tuple[set[str], set[str]]:
    """The global names that a text binds, and those that it looks up.

    >>> binds, uses = global_names("def act(x):\\n    return helper(max(x))\\n")
    >>> sorted(binds), sorted(uses)
    (['act'], ['act', 'helper', 'max'])
    """
    tables = [symtable.symtable(text, "component", "exec")]
    binds: set[str] = set()
    uses: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if top or symbol.is_global():
                if symbol.is_assigned() or symbol.is_imported() or (top and symbol.is_namespace()):
                    binds.add(symbol.get_name())
                uses.add(symbol.get_name())
    return binds, uses


def names_from_outside(text: str) -> set[str]:
    """Names that a text uses, but neither defines nor finds among Python's own.

    >>> names_from_outside("def act(x):\\n    return helper(max(x))\\n")
    {'helper'}
    """
    binds, uses = global_names(text)
    return uses - binds - set(dir(builtins)) - {"__name__"}
