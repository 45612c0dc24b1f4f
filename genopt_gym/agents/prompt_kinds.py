"""Which words a prompt is made of: those about texts, where everything that may be edited is a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files


def are_texts(components: Mapping[str, str]) -> bool:
    """Whether none of these components is a function.

    >>> are_texts({"prompt": "Answer {question}"}), are_texts({"act": "def act(x):\\n    return x"})
    (True, False)
    """
    return not any(re.search(rf"^\s*(async\s+)?def\s+{name}\b", text, re.M) for name, text in components.items())


def template_of(name: str, components: Mapping[str, str]) -> str:
    """The name of the template for these components: ``NAME_texts`` where they are texts and there is one.

    >>> template_of("system", {"prompt": "Answer {question}"}), template_of("repair", {"prompt": "x"})
    ('system_texts', 'repair')
    """
    other = f"{name}_texts"
    there = (files("genopt_gym.agents") / "prompts" / f"{other}.txt").is_file()
    return other if there and are_texts(components) else name
