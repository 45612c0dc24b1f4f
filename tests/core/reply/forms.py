"""Replies in objects, tags, patches and diffs, and those that change nothing; see ``corpus``."""

from __future__ import annotations

from tests.core.reply.shapes import (
    ACT,
    ANSWER,
    BOTH,
    DIFF,
    DRAFT,
    EDIT,
    NEW,
    PATCH,
    SEEN,
    Case,
    asked,
    fenced,
)

OBJECTS = [
    Case(name, reply, EDIT)
    for name, reply in [
        ("an object", asked(EDIT)),
        ("an object in a block", fenced(asked(EDIT), "json")),
        ("an object after words", "I propose: " + asked(EDIT)),
        ("thinking beside", asked({"thinking": "x", **EDIT})),
        ("a plan beside", asked({"plan": ["x"], "confidence": 0.5, **EDIT})),
        ("a draft beside", asked({"thinking": {"look": "x"}, **EDIT})),
        ("an envelope", asked({"edit": EDIT})),
        ("two envelopes", asked({"answer": "", "output": {"components": EDIT}})),
        ("a tool call", asked({"name": "edit", "arguments": EDIT})),
        ("a tool call as text", asked({"name": "edit", "arguments": asked(EDIT)})),
        ("tool calls", asked({"tool_calls": [{"function": {"name": "edit", "arguments": asked(EDIT)}}]})),
        ("a tool call in a tag", f"<tool_call>{asked({'name': 'edit', 'arguments': EDIT})}</tool_call>"),
        ("a list of changes", asked({"edits": [{"component": "act", "text": NEW}]})),
        ("a list alone", asked([{"name": "act", "code": NEW}])),
        ("a text under its name", asked({"act": {"code": NEW}})),
        ("a comma too many", asked(EDIT)[:-1] + ",}"),
        ("Python's spelling", fenced(str(EDIT), "json")),
        ("a block in a string", asked({"act": f"```python\n{NEW}```"})),
        ("a list of lines", asked({"act": NEW.split("\n")})),
        ("nothing for another", asked({**EDIT, "look": None})),
        ("raw line breaks", '{"act": "' + NEW + '"}'),
        ("search and replace", asked({"component": "act", "search": "    return 1", "replace": "    return 5"})),
        ("old and new string", asked({"old_string": "return 1", "new_string": "return 5"})),
    ]
]
OBJECTS += [
    Case("a misspelt name beside", asked({**EDIT, "lok": SEEN}), "'lok' is not an editable component"),
    Case("another function beside", asked({**EDIT, "jump": "def jump(): ..."}), "'jump' is not an editable"),
    Case("one name twice", '{"act": "x", "act": "y"}', "'act' is given 2 times in one object"),
    Case("a number", asked({"act": 1}), "must be a string"),
    Case("an unknown component in a list", asked([{"component": "jump", "text": "x"}]), "'jump' is not an editable"),
    Case("an object in a sentence", f"The trace has {asked({'act': 'left'})} in it.", "inside a sentence"),
    Case(
        "an object in an object that is broken",
        '{"thinking": "maybe {"act": "draft"} or so", "act": "x"}',
        "cannot be read",
    ),
    Case("an object that is cut off", asked(EDIT)[:-9], "cannot be read"),
    Case("another object before", 'After {"x": "1"}:\n' + ANSWER, EDIT),
    Case("a dict in code", f'Try this:\n{ACT}NAMES = {{"prompt": "x"}}\n', "inside a sentence"),
]

TAGS = [
    Case(name, reply, EDIT)
    for name, reply in [
        ("variable and name", f"<variable>\n<name>act</name>\n<value>\n{NEW}</value>\n</variable>"),
        ("variable with an attribute", f'<variable name="act">\n{NEW}</variable>'),
        ("a block within", f"<variable><name>act</name><value>\n```python\n{NEW}```\n</value></variable>"),
        ("component", f'<component name="act">\n{NEW}</component>'),
        ("a parameter of a call", f"<function=edit>\n<parameter=act>\n{NEW}</parameter>\n</function>"),
        ("an invocation", f'<invoke name="edit"><parameter name="act">{NEW}</parameter></invoke>'),
        ("character data", f"<variable><name>act</name><value><![CDATA[{NEW}]]></value></variable>"),
    ]
]
TAGS += [
    Case(
        "a tag for no component", "<variable><name>jump</name><value>x</value></variable>", "'jump' is not an editable"
    ),
    Case(
        "entities in a tag",
        '<variable name="act">\ndef act(ball):\n    return ball &lt; 5\n</variable>',
        {"act": "def act(ball):\n    return ball < 5\n"},
    ),
    Case("a tag that never closes", f'<variable name="act">\n{NEW}', "lacks its closing </variable>"),
]

PATCHES = [
    Case(name, reply, EDIT)
    for name, reply in [
        ("a patch", PATCH),
        ("a patch in a block", fenced(PATCH, "python act")),
        ("a patch in an indented block", "1. So:\n   " + fenced(PATCH).strip().replace("\n", "\n   ")),
        ("blanks at the end", PATCH.replace("1\n", "1  \n")),
        ("blanks after the marks", PATCH.replace("SEARCH", "SEARCH  ")),
        ("without indentation", PATCH.replace("    ", "")),
        ("with more indentation", PATCH.replace("    ", "        ")),
        ("other words", PATCH.replace("SEARCH", "ORIGINAL").replace("REPLACE", "UPDATED")),
        ("empty lines around", PATCH.replace("SEARCH\n", "SEARCH\n\n").replace("=\n", "=\n\n")),
        ("the form before it", "<<<<<<< SEARCH\n...\n=======\n...\n>>>>>>> REPLACE\n" + PATCH),
        ("a diff", fenced(DIFF, "diff")),
        ("a diff under a name", fenced(DIFF, "diff act")),
        ("a diff under the component's name", fenced(DIFF, "python act")),
        ("a diff with files", fenced(f"--- a/act.py\n+++ b/act.py\n{DIFF}", "diff")),
        ("a diff without a block", f"So:\n--- a/act.py\n+++ b/act.py\n{DIFF}\n\nThat is all."),
        ("wrong counts", fenced(DIFF.replace("-1,2 +1,2", "-90,7 +91,3"), "diff")),
        ("a diff without hunks", fenced(" def act(ball):\n-    return 1\n+    return 5", "diff")),
        ("an empty line of context", fenced(DIFF + "\n", "diff")),
    ]
]
PATCHES += [
    Case("two forms", PATCH + "\n" + fenced(SEEN, "python look"), BOTH),
    Case("an object and a block", fenced(asked(EDIT), "json") + fenced(SEEN, "python look"), BOTH),
    Case("patches of two", PATCH + "\n<<<<<<< SEARCH\n    return obs\n=======\n    return 2\n>>>>>>> REPLACE", BOTH),
    Case(
        "lines that are taken away",
        "<<<<<<< SEARCH\n    return 1\n=======\n>>>>>>> REPLACE",
        {"act": "def act(ball):\n"},
    ),
    Case("what is not there", PATCH.replace("return 1", "return 12"), "the nearest is line 2 of act, `    return 1`"),
    Case("part of a word", PATCH.replace("    return 1", "(ba"), "was not found"),
    Case("another component's", fenced(PATCH, "python look"), "it stands in act, and the block is for look"),
    Case("what stands twice", "<<<<<<< SEARCH\n(\n=======\n[\n>>>>>>> REPLACE", "was found 2 times, in act, look"),
    Case("a patch without an end", PATCH[:-16], "lacks its line '>>>>>>> REPLACE'"),
    Case("a patch in a patch", PATCH[:-16] + "\n" + PATCH, "block 1 lacks its line '>>>>>>> REPLACE'"),
    Case("a patch without a middle", PATCH.replace("=======\n", ""), "lacks its line '======='"),
    Case("two middles", PATCH.replace("=======", "=======\nx\n======="), "not plain"),
    Case("another indentation", PATCH.replace("    return 1", "return 1"), "another indentation"),
    Case("a diff that finds nothing", fenced(DIFF.replace("return 1", "return 7"), "diff act"), "was not found"),
    Case("a diff without context", fenced("@@ -1 +1 @@\n+x = 1", "diff act"), "no line that says where"),
    Case("nothing to look for", PATCH.replace("    return 1", ""), "is empty"),
]

NO_EDIT = [
    Case(f"nothing: {reply!r}", reply, {})
    for reply in (
        "NO EDIT",
        "No edit.",
        "It is best as it is.\n\n**NO EDIT**\n",
        fenced("NO EDIT"),
        f"<think>{DRAFT}</think>\nNO EDIT",
    )
]
NO_EDIT += [
    Case("nothing, and something", "NO EDIT\n" + ANSWER, "gives a new text for act"),
    Case("nothing, and the present text", fenced(ACT, "python act") + "\nNO EDIT", {}),
    Case("an empty reply", "", "no new text"),
    Case("a refusal in words", "I cannot help with that.", "no new text"),
]
