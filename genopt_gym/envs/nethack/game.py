"""One game of NetHack through NLE's bindings, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from genopt_gym.envs.nethack.keys import ANSWERS, COMMANDS, DIRECTIONS, MORE

LINES, COLUMNS = 24, 80
KEYS = ("tty_chars", "tty_colors", "tty_cursor", "blstats", "inv_letters", "inv_strs", "message", "internal", "misc")
"""What NLE is asked for; of ``internal`` only the rewards learn."""
STATS = {
    "x": 0,
    "y": 1,
    "hit_points": 10,
    "max_hit_points": 11,
    "depth": 12,
    "gold": 13,
    "energy": 14,
    "armor_class": 16,
    "experience_level": 18,
    "turn": 20,
    "hunger": 21,
    "score": 9,
}
"""Names of numbers of the bottom lines, and their places in NLE's ``blstats``."""
MOST_MESSAGES = 20
"""Of one step; more of them would hold the game up."""
CHARACTER = "Agent-mon-hum-neu-mal"


class Game:
    """A game that is being played.

    Every game has a copy of NetHack of its own, with its own folder: no scores, bones or saved games go from one to the
    next. Both random streams start from the seed, are never reseeded, and the phase of the moon does not come from the
    clock.
    """

    def __init__(self, seed: int) -> None:
        from nle import nethack

        self._nethack = nethack.Nethack(KEYS, CHARACTER, ttyrec=None, fix_moon_phase=True)
        self._nethack.set_initial_seeds(seed, seed, False)
        self._values = self._nethack.reset()
        self.over = False
        self._packed, self._inventory = b"", dict[str, str]()
        self.statistics: dict[str, int] = {}
        self._read_statistics()
        self.messages = [text] if (text := self._message()) else []
        self._skip()

    def close(self) -> None:
        """Give memory and folder back."""
        self._nethack.close()

    @property
    def asks(self) -> bool:
        """Whether the game waits for the answer to a question."""
        return bool(self._values[8].any())

    @property
    def on_stairs_down(self) -> bool:
        return bool(self._values[7][4])

    @property
    def nutrition(self) -> int:
        return int(self._values[7][7])

    def do(self, action: str) -> None:
        """Press the action's key; a question stays until it is answered, pages to be read are turned."""
        self.messages = []
        answers = self.asks and action in ANSWERS
        self._press(ANSWERS[action] if answers else COMMANDS[action])
        self._skip()

    def _press(self, key: int) -> None:
        self._values, self.over = self._nethack.step(key)
        if not self.over:
            self._read_statistics()
            if text := self._message():
                self.messages.append(text)

    def _skip(self) -> None:
        """Turn the pages of what the game has to say."""
        while not self.over and self._values[8][2] and len(self.messages) < MOST_MESSAGES:
            self._press(MORE)

    def _message(self) -> str:
        return bytes(self._values[6]).partition(b"\0")[0].decode("latin-1").strip()

    def _read_statistics(self) -> None:
        numbers = self._values[3].tolist()
        if numbers[STATS["max_hit_points"]]:  # all is zero before and after the game
            self.statistics = {name: numbers[place] for name, place in STATS.items()}

    def observe(self) -> dict[str, Any]:
        """What the player is told."""
        text = self._values[0].tobytes().decode("latin-1")
        row, column = self._values[2].tolist()
        return {
            "screen": [text[start : start + COLUMNS] for start in range(0, LINES * COLUMNS, COLUMNS)],
            "cursor": [row, column],
            "stats": self.statistics,
            "inventory": self._read_inventory(),
            "messages": self.messages,
            "asks": self.asks,
        }

    def _read_inventory(self) -> dict[str, str]:
        packed = self._values[5].tobytes()
        if packed != self._packed:
            self._packed = packed
            letters = [chr(letter) for letter in self._values[4].tolist() if letter]
            texts = [bytes(text).partition(b"\0")[0].decode("latin-1") for text in self._values[5][: len(letters)]]
            self._inventory = dict(zip(letters, texts, strict=True))
        return self._inventory

    def screen_colours(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Characters and colours of the terminal."""
        return self._values[0].copy(), self._values[1].copy()


def action_words() -> str:
    """All actions, for a contract.

    >>> action_words()[:44]
    'north, east, south, west, northeast, southea'
    """
    return ", ".join(COMMANDS)


def answer_words() -> str:
    """All keys that answer a question, for a contract."""
    return 'a letter, a digit, one of $-*?,.<>#+, "escape", "enter" or "space"'


def lacks(asks: bool, result: Any) -> str | None:
    """What an action has to be, if a result is none.

    >>> lacks(False, "north"), lacks(True, "y"), lacks(False, "y")
    (None, None, "'y' is a key that only answers questions, and the game asks none")
    """
    if type(result) is not str:
        return "an action is a text, the name of a command or a key"
    if result in COMMANDS or (asks and result in ANSWERS):
        return None
    if result in ANSWERS:
        return f"{result!r} is a key that only answers questions, and the game asks none"
    return f"{result!r:.40} is no action: there are {', '.join(DIRECTIONS)}, search, eat, and others (see the contract)"
