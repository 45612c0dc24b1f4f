"""Where a patch belongs: the one place whose lines are those that it looks for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genopt_gym.core.reply.pieces import SHOWN, Patch, Texts, UnparsableEdit

_MOST_LINES = 2000  # of the texts, in which the nearest line is looked for


@dataclass(frozen=True)
class TextMatch:
    """Lines ``start`` to ``end`` of a component, which stand indented by ``more`` (or by ``less``) than the patch's."""

    name: str
    start: int
    end: int
    more: str = ""
    less: str = ""


def apply(patch: Patch, texts: Texts) -> tuple[str, str]:
    """The component that a patch changes, and its new text.

    Whole lines go before parts of lines, and exact ones before those that differ in trailing blanks, or all by the
    same indentation. Whatever is found, it must be found once.

    Raises:
        UnparsableEdit: it is not; the message names the nearest.
    """
    if not any(line.strip() for line in patch.search):
        words = "is empty; it must repeat the lines to replace"
        if patch.what.startswith("hunk"):
            words = "has no line that says where it belongs; add lines of context"
        raise UnparsableEdit(f"{patch.what} {words}.")
    within = {name: text.replace("\r\n", "\n") for name, text in texts.items() if patch.where in (None, name)}
    search, replace = patch.search, patch.replace
    places = _places(search, within, lambda line: line)
    if not places:
        search, replace = _trimmed(search, replace)
        places = _places(search, within, str.rstrip) or _shifted_places(search, within)
    if len(places) == 1:
        [place] = places
        lines = within[place.name].split("\n")
        new = "\n".join(lines[: place.start] + _reindented(patch, search, replace, place) + lines[place.end :])
        return place.name, new
    if not places and (found := _within_lines(patch, within)):
        return found
    if not places:
        raise UnparsableEdit(f"{patch.what} was not found; {_nearest(patch, within, texts)}.")
    names = ", ".join(dict.fromkeys(place.name for place in places))
    raise _found_often(patch, len(places), names)


def _places(search: Sequence[str], texts: Texts, seen: Callable[[str], str]) -> list[TextMatch]:
    wanted = [seen(line) for line in search]
    places = []
    for name, text in texts.items():
        lines = [seen(line) for line in text.split("\n")]
        starts = [n for n, line in enumerate(lines) if line == wanted[0] and lines[n : n + len(wanted)] == wanted]
        places += [TextMatch(name, start, start + len(wanted)) for start in starts]
    return places


def _shifted_places(search: Sequence[str], texts: Texts) -> list[TextMatch]:
    places = []
    for place in _places(search, texts, str.strip):
        lines = texts[place.name].split("\n")[place.start : place.end]
        shifts = {_shift(line, wanted) for line, wanted in zip(lines, search, strict=True) if line.strip()}
        if len(shifts) == 1 and (shift := shifts.pop()) is not None:
            places.append(TextMatch(place.name, place.start, place.end, *shift))
    return places


def _shift(line: str, wanted: str) -> tuple[str, str] | None:
    """What the line has at its start and the wanted one has not, and the other way round."""
    has, asked = _indent(line), _indent(wanted)
    if has.endswith(asked):
        return has[: len(has) - len(asked)], ""
    return ("", asked[: len(asked) - len(has)]) if asked.endswith(has) else None


def _reindented(patch: Patch, search: Sequence[str], replace: list[str], place: TextMatch) -> list[str]:
    if not place.more and not place.less:
        return replace
    first, new = (next((_indent(line) for line in lines if line.strip()), None) for lines in (search, replace))
    if new is not None and (new != first or any(not line.startswith(place.less) for line in replace if line.strip())):
        raise UnparsableEdit(
            f"{patch.what} stands in {place.name} with another indentation, and the new lines begin with a third; "
            "copy the lines exactly as they stand."
        )
    return [place.more + line.removeprefix(place.less) if line.strip() else line for line in replace]


def _trimmed(search: list[str], replace: list[str]) -> tuple[list[str], list[str]]:
    """Without the blank lines at both ends, which belong to the block more often than to the text."""
    start, end = 0, len(search)
    while not search[start].strip():
        start += 1
    while not search[end - 1].strip():
        end -= 1
    after = len(search) - end
    new = list(replace)
    for _ in range(start):
        if new and not new[0].strip():
            del new[0]
    for _ in range(after):
        if new and not new[-1].strip():
            del new[-1]
    return search[start:end], new


def _within_lines(patch: Patch, texts: Texts) -> tuple[str, str] | None:
    """The edit of parts of lines, if the words are found once; within a word they do not count."""
    search = "\n".join(patch.search)
    counts = {name: count for name, text in texts.items() if (count := text.count(search))}
    if sum(counts.values()) > 1:
        raise _found_often(patch, sum(counts.values()), ", ".join(counts))
    if not counts:
        return None
    [name] = counts
    before, _, after = texts[name].partition(search)
    if _joined(before[-1:], search[:1]) or _joined(search[-1:], after[:1]):
        return None
    return name, before + "\n".join(patch.replace) + after


def _joined(left: str, right: str) -> bool:
    return _in_word(left) and _in_word(right)


def _in_word(character: str) -> bool:
    return character.isalnum() or character in tuple("_.")


def _nearest(patch: Patch, within: Texts, texts: Texts) -> str:
    """What is most like that which was not found."""
    wanted = next(line.strip() for line in patch.search if line.strip())
    if patch.where is not None:
        for name, text in texts.items():
            if name != patch.where and wanted in text:
                return f"it stands in {name}, and the block is for {patch.where}"
    if any(line.strip() for line in patch.replace) and _places(patch.replace, within, str.rstrip):
        return "its REPLACE text stands there already; copy the lines exactly as they stand by then"
    lines = [(name, number, line) for name, text in within.items() for number, line in enumerate(text.split("\n"), 1)]
    known = [line.strip() for _, _, line in lines[:_MOST_LINES]]
    near = difflib.get_close_matches(wanted[:SHOWN], known, n=1, cutoff=0.5)
    if not near:
        return "copy the lines exactly as they stand by then"
    name, number, line = lines[known.index(near[0])]
    return f"the nearest is line {number} of {name}, `{line[:SHOWN]}`; copy the lines exactly as they stand by then"


def _found_often(patch: Patch, times: int, names: str) -> UnparsableEdit:
    return UnparsableEdit(f"{patch.what} was found {times} times, in {names}; make it longer.")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
