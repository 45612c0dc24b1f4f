"""Replies as models give them, with the edit that must come out, or words of the refusal."""

from __future__ import annotations

from tests.core.reply.forms import NO_EDIT, OBJECTS, PATCHES, TAGS
from tests.core.reply.shapes import (
    ACT,
    ANSWER,
    BOTH,
    DIFF,
    DRAFT,
    EDIT,
    JUMP,
    NEW,
    PATCH,
    SEEN,
    SHORTENED,
    WITH_BLOCK,
    Case,
    asked,
    fenced,
)

THOUGHTS = [
    Case(
        f"thoughts in {opening or 'nothing'} {closing}: {draft[:12]!r}",
        f"{opening}\n{draft}\n{closing}\n{ANSWER}",
        EDIT,
    )
    for opening, closing in [
        ("<think>", "</think>"),
        ("<Thinking>", "</Thinking>"),
        ("<reasoning>", "</reasoning>"),
        ("<thought>", "</thought>"),
        ("[THINK]", "[/THINK]"),
        ("<seed:think>", "</seed:think>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("<|thinking|>", "<|/thinking|>"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("", "</think>"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ]
    for draft in (
        DRAFT,
        PATCH.replace("5", "7"),
        asked({"look": "x"}),
        "hm\n<<<<<<< SEARCH\nhm",
        "```python\ndef look(:",
    )
]
THOUGHTS += [
    Case("thoughts without end", f"<think>\n{ANSWER}", "thought"),
    Case("thoughts alone", f"<think>{ANSWER}</think>", "Thoughts are no edit"),
    Case("two thoughts", f"<think>{DRAFT}</think>\n{ANSWER}\n<think>\n{DRAFT}\n</think>", EDIT),
    Case("thoughts in thoughts", f"<think>\n<think>\n{DRAFT}\n</think>\n{DRAFT}\n</think>\n{ANSWER}", EDIT),
    Case("thoughts that speak of their mark", f"<think>\nI use `</think>` later.\n{DRAFT}\n</think>\n{ANSWER}", EDIT),
    Case("thoughts before an object", f"<think>{DRAFT}</think>{asked(EDIT)}", EDIT),
    Case("channels without an answer", f"<|channel|>analysis<|message|>{ANSWER}", "no new text"),
    Case(
        "a text about thoughts",
        fenced("Think in <think></think>.", "text prompt"),
        {"prompt": "Think in <think></think>."},
    ),
    Case("an object about thoughts", asked({"prompt": "<think>x</think> y"}), {"prompt": "<think>x</think> y"}),
    Case(
        "a patch about thoughts",
        "<<<<<<< SEARCH\nAnswer {question} in one word.\n=======\n<think>\n{question}\n</think>\n>>>>>>> REPLACE",
        {"prompt": "<think>\n{question}\n</think>"},
    ),
]

FENCES = [
    Case("a block within a text", fenced(WITH_BLOCK, "text prompt"), {"prompt": WITH_BLOCK}),
    Case(
        "a named block within",
        fenced(WITH_BLOCK.replace("```\nA", "```json\nA"), "text prompt"),
        {"prompt": WITH_BLOCK.replace("```\nA", "```json\nA")},
    ),
    Case("longer marks", fenced(WITH_BLOCK, "text prompt", "````"), {"prompt": WITH_BLOCK}),
    Case("tildes", fenced(WITH_BLOCK, "text prompt", "~~~"), {"prompt": WITH_BLOCK}),
    Case(
        "a docstring with a block",
        fenced('def act(ball):\n    """Say\n    ```\n    x\n    ```\n    """\n    return 5\n', "python act"),
        {"act": 'def act(ball):\n    """Say\n    ```\n    x\n    ```\n    """\n    return 5\n'},
    ),
    Case(
        "a string with a block",
        fenced('def act(ball):\n    s = """\n```\nx\n```\n"""\n    return s\n', "python"),
        {"act": 'def act(ball):\n    s = """\n```\nx\n```\n"""\n    return s\n'},
    ),
    Case("a block and an example after it", ANSWER + "\n\nIt then returns\n\n```\n5\n```\n", EDIT),
    Case(
        "a text and an example after it",
        fenced("Be brief.", "text prompt") + "\nIt then says:\n```\n5\n```\n",
        {"prompt": "Be brief."},
    ),
    Case(
        "a text whose end is not plain",
        fenced("Be brief.\n```\nor so\n```\nAnd good.", "text prompt"),
        "not plain where the block for prompt ends",
    ),
    Case("a wrapper", fenced(ANSWER + "\n" + fenced(SEEN, "python look"), "markdown"), BOTH),
    Case("a wrapper of another length", fenced(ANSWER, "", "````"), EDIT),
    Case("a block that never closes", ANSWER[:-3], EDIT),
    Case("a block that is closed by the next", f"```python act\n{NEW}```python look\n{SEEN}```", BOTH),
    Case("a stray mark before", "```\n" + ANSWER, EDIT),
    Case("a block in a quotation", "> ```python act\n> def act(ball):\n>     return 5\n> ```", "no new text"),
    Case("an indented block", "1. So:\n   ```python act\n   def act(ball):\n       return 5\n   ```", EDIT),
    Case("a text that was indented", fenced("    def act(ball):\n        return 5\n", "python act"), EDIT),
    Case("a text that was indented, unnamed", fenced("    def act(ball):\n        return 5\n", "python"), EDIT),
    Case("a byte order mark", "\ufeff" + NEW, EDIT),
    Case("a byte order mark in a block", fenced("\ufeff" + NEW, "python act"), EDIT),
    Case("line ends of Windows", ANSWER.replace("\n", "\r\n"), EDIT),
    Case("the form of the prompt", "```python NAME\n...\n```\n" + ANSWER, EDIT),
    Case("nothing but dots", fenced("...", "python act"), "holds only '...'"),
    Case(
        "a program with a part left out",
        fenced(SHORTENED, "python act"),
        "leaves something out",
    ),
    Case(
        "a text with the rest left out",
        fenced("Be brief.\n... (rest unchanged)", "text prompt"),
        "leaves something out",
    ),
    Case(
        "a component's block within a text",
        fenced("Answer:\n```python act\nx\n```\nend", "text prompt"),
        "not plain where the block for prompt ends",
    ),
    Case("an unnamed text", fenced("Be brief."), "no new text"),
    Case("a block after its name", "### prompt\n" + fenced("Be brief."), {"prompt": "Be brief."}),
    Case("a block after its file", "**prompt.md**:\n\n" + fenced("Be brief.", "text"), {"prompt": "Be brief."}),
    Case("several functions under one name", fenced(NEW + "\n" + SEEN, "python act"), BOTH),
    Case("a coroutine", fenced("async def act(ball):\n    return 5\n"), "coroutine"),
    Case("a class", fenced("class act:\n    pass\n"), "class"),
    Case("an assignment", fenced("act = lambda ball: 5\n"), "assignment"),
    Case(
        "a component that does not exist",
        fenced(JUMP, "python jump"),
        "'jump' is not an editable component",
    ),
    Case(
        "a fixed component beside",
        ANSWER + "\n" + fenced(JUMP, "python jump"),
        "'jump' is not an editable",
    ),
]
FENCES += [
    Case(f"```{info}", fenced(NEW, info), EDIT)
    for info in (
        "act",
        "python act",
        "python:act",
        "act.py",
        "python src/act.py",
        'python title="act.py"',
        "py [act]",
        "python `act`",
        "python # act",
        "{python} act",
        "python",
    )
]
FENCES += [
    Case(f"```{info}", fenced("A", info), {"prompt": "A"})
    for info in (
        "prompt",
        "markdown prompt.md",
        "text `prompt`",
        "text [prompt]",
        "text: prompt",
        "txt file=prompts/prompt.txt",
    )
]

OLD = [
    Case(f"{label} after the new", f"{ANSWER}\n{label}\n{fenced(text, 'python act')}", EDIT)
    for label, text in [
        ("The original, for reference:", ACT),
        ("For reference, the old version:", ACT.replace("1", "3")),
        ("**Old version**", ACT.replace("1", "3")),
        ("### Before", ACT.replace("1", "3")),
        ("Unchanged:", ACT),
        ("It was", ACT + "# as it stands\n"),
        ("Alternative (not recommended):", ACT.replace("1", "3")),
        ("## First draft", ACT.replace("1", "3")),
        ("#Score -3", ACT.replace("1", "3")),
    ]
]
OLD += [
    Case("the present text before the new", fenced(ACT, "python act") + "becomes\n" + ANSWER, EDIT),
    Case("the present text alone", fenced(ACT, "python act"), {"act": ACT}),
    Case("an old text alone", "The previous version:\n" + fenced(NEW, "python act"), "stands under"),
    Case("a better text after the first", fenced(ACT.replace("1", "4"), "python act") + "Better:\n" + ANSWER, EDIT),
    Case("the old version is replaced", "Replace the old version with:\n" + ANSWER, EDIT),
    Case("a patch, and the old text", PATCH + "\n" + fenced(ACT, "python act"), EDIT),
    Case("a patch, and the whole", PATCH + "\nIn full:\n" + ANSWER, EDIT),
    Case("the whole, and a diff of it", ANSWER + "\n" + fenced(DIFF, "diff"), EDIT),
]

CASES = [*THOUGHTS, *FENCES, *OLD, *OBJECTS, *TAGS, *PATCHES, *NO_EDIT]
