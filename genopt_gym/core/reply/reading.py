"""A reply read from its beginning to its end: blocks, objects, tags and patches, each where it stands."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from genopt_gym.core.reply import blocks, envelopes, fences, labels, patches, thoughts
from genopt_gym.core.reply.pieces import MAX_TRIES, NoEdit, Piece, ReplyProblem, Texts, reversion, says_no_edit

_BEFORE_OBJECT = (":", ">", "]", "[", "-", "*")  # what a line may end with, before an object that is an edit
_AHEAD = 200  # characters in which an opening goes on that began on a line
_LONGEST_SECOND_LOOK = 200_000


@dataclass
class Findings:
    """What was read so far.

    Attributes:
        pieces: in the order in which they stand.
        names: that texts were given under without being components.
        remarks: what may have been meant as an edit, told where nothing else was found.
        tries: how often something may still be tried that costs a pass over the reply.
        patches: how many SEARCH/REPLACE blocks there were.
    """

    pieces: list[Piece] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    tries: int = MAX_TRIES
    patches: int = 0

    def may_try(self) -> bool:
        self.tries -= 1
        return self.tries >= 0

    def forget(self) -> None:
        """All so far was thought."""
        self.pieces.clear()
        self.names.clear()
        self.patches = 0
        self.remarks[:] = ["Thoughts are no edit; give the edit after them."]


def read_pieces(text: str, components: Texts) -> Findings:
    findings = Findings()
    _Reader(text, components, findings).read()
    return findings


class _Reader:
    """Reads a text, or the text of a block within it."""

    def __init__(
        self, text: str, components: Texts, findings: Findings, where: str | None = None, depth: int = 0
    ) -> None:
        self._text, self._components, self._found = text, components, findings
        self._where, self._depth = where, depth
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]

    def read(self) -> None:
        position, label = 0, ""
        while position < len(self._text):
            number = bisect_right(self._starts, position) - 1
            line = self._lines[number][position - self._starts[number] :]
            if position > self._starts[number]:
                self._lines[number], self._starts[number] = line, position  # the rest, after what was read of it
            if not line.strip():
                position = self._starts[number + 1]
                continue
            after = self._block(number, label)
            if after is None:
                after = self._within(number)
            if after is None:
                label = line.strip()
                if says_no_edit(label):
                    self._found.pieces.append(NoEdit())
                elif (back := reversion(label)) is not None:
                    self._found.pieces.append(back)
                position = self._starts[number + 1]
            else:
                label, position = (label if labels.lasts(label) else ""), after

    def _block(self, number: int, label: str) -> int | None:
        """Read what begins with a line of its own; the position after it, or None if nothing begins there."""
        line = self._lines[number]
        if patches.opens_patch(line):
            return self._starts[self._patch(number)]
        if fences.fence(line):
            return self._starts[self._fenced(number, label)]
        if line.startswith(("--- ", "@@")) and self._found.may_try():
            end = patches.diff_end(self._lines, number)
            body = "\n".join(self._lines[number:end])
            if patches.looks_like_diff(body):
                self._found.pieces += blocks.diff_pieces(body, self._components, self._where)
                return self._starts[end]
        return None

    def _patch(self, number: int) -> int:
        self._found.patches += 1
        end = patches.patch_end(self._lines, number)
        if end is None:
            lack = patches.lacking_line(self._lines, number)
            self._found.pieces.append(ReplyProblem(f"SEARCH block {self._found.patches} lacks its line {lack!r}."))
            return number + 1
        what = f"SEARCH text {self._found.patches}"
        self._found.pieces += patches.read_patch(self._lines[number:end], self._where, what)
        return end

    def _fenced(self, number: int, label: str) -> int:
        opening = fences.fence(self._lines[number])
        assert opening is not None
        try:
            last, following = fences.block_end(self._lines, number, self._components)
        except fences.OpenEnded as problem:
            self._found.pieces.append(ReplyProblem(str(problem)))
            return len(self._lines)
        body = fences.block_text(self._lines[number + 1 : last], opening)
        block = blocks.ReplyBlock(opening.info, body, label, self._where)
        if not blocks.shows_present(block, self._components):
            stray = thoughts.stray_end(self._lines, number, last)
            if stray is not None:
                self._found.forget()
                return stray + 1
        if not body.strip() and not fences.named(opening.info, self._components):
            return following
        if blocks.is_wrapper(block, self._components) and self._depth < blocks.DEEPEST:
            where = blocks.component_of(block, self._components)
            _Reader(body, self._components, self._found, where, self._depth + 1).read()
        else:
            self._take(blocks.read_block(block, self._components))
        return following

    def _take(self, contents: blocks.Contents) -> None:
        self._found.pieces += contents.pieces
        self._found.names += contents.names
        self._found.remarks += contents.remarks

    def _within(self, number: int) -> int | None:
        """Read the first thing that begins within a line: thoughts, a tag, an object."""
        text, start = self._text, self._starts[number]
        end = start + len(self._lines[number])
        mark = thoughts.mark_in(text, start, end)
        begins = {} if mark is None else {mark.start: "mark"}
        tag = envelopes.NAMED_TAG.search(text, start, end + _AHEAD) if "<" in self._lines[number] else None
        if tag is not None and tag.start() < end:
            begins[tag.start()] = "tag"
        brace = envelopes.OBJECT.search(text, start, end + _AHEAD) if "{" in self._lines[number] else None
        if brace is not None and brace.start() < end:
            begins.setdefault(brace.start(), "object")
        for place in sorted(begins):
            after = None
            if mark is not None and begins[place] == "mark":
                after = self._thoughts(mark)
            elif not self._found.may_try():
                return None
            elif tag is not None and begins[place] == "tag":
                after = self._tag(tag)
            else:
                after = self._object(start, place)
            if after is not None:
                return after
        return None

    def _thoughts(self, mark: thoughts.Mark) -> int:
        if mark.closes:
            self._found.forget()  # its opening mark was part of the prompt: all that came before it was thought
            return mark.end
        end = thoughts.thoughts_end(self._text, mark)
        if end is None:
            self._found.remarks.append(f"All that follows {mark.words} is thought; close it, then give the edit.")
            return len(self._text)
        self._found.remarks.append("Thoughts are no edit; give the edit after them.")
        return end

    def _tag(self, tag: envelopes.Match) -> int | None:
        read = envelopes.tagged(tag, self._text, self._components)
        if read is None:
            return None
        self._found.pieces += read[0]
        return read[1]

    def _object(self, line: int, place: int) -> int | None:
        """An object in prose; None if it cannot be read and was meant as nothing."""
        text, before = self._text, self._text[line:place].rstrip()
        if before.endswith("["):
            place = line + len(before) - 1
        try:
            value, end = envelopes.decode(text, place)
        except ValueError as error:
            rest = text[place : place + _LONGEST_SECOND_LOOK]
            try:
                value, end = envelopes.decode_all(rest), len(text)
            except ValueError:
                return self._broken(place, str(error))
        contents = blocks.object_pieces(value, self._components)
        if contents.pieces and before.strip() and not before.endswith(_BEFORE_OBJECT):
            self._found.remarks.append("The object stands inside a sentence; put it on a line of its own.")
        else:
            self._take(contents)
        return end

    def _broken(self, place: int, error: str) -> int | None:
        """An object that cannot be read: if it was meant as an edit, no object inside it is one."""
        if not envelopes.meant_as_edit(self._text[place : place + _AHEAD], self._components):
            return None
        self._found.remarks.append(f"The JSON object cannot be read: {error[:80]}.")
        number = bisect_right(self._starts, place)
        while number < len(self._lines):
            line = self._lines[number]
            if fences.fence(line) or patches.opens_patch(line) or thoughts.mark_in(line, 0, len(line)):
                break
            number += 1
        return min(self._starts[number], len(self._text))
