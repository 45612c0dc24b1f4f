"""The actions of a NetHack player: commands by name, and keys that answer the game's questions."""

from __future__ import annotations


def _control(key: str) -> int:
    return 0x1F & ord(key)


def _meta(key: str) -> int:
    return 0x80 | ord(key)


DIRECTIONS = {
    "north": "k",
    "east": "l",
    "south": "j",
    "west": "h",
    "northeast": "u",
    "southeast": "n",
    "southwest": "b",
    "northwest": "y",
}
COMMANDS: dict[str, int] = {
    **{name: ord(key) for name, key in DIRECTIONS.items()},
    **{f"run {name}": ord(key.upper()) for name, key in DIRECTIONS.items()},
    **{
        name: ord(key)
        for name, key in {
            "up": "<",
            "down": ">",
            "wait": ".",
            "search": "s",
            "apply": "a",
            "cast": "Z",
            "close": "c",
            "drop": "d",
            "eat": "e",
            "engrave": "E",
            "fight": "F",
            "fire": "f",
            "look": ":",
            "move": "m",
            "open": "o",
            "pay": "p",
            "pickup": ",",
            "put on": "P",
            "quaff": "q",
            "quiver": "Q",
            "read": "r",
            "remove": "R",
            "swap weapons": "x",
            "take off": "T",
            "throw": "t",
            "wear": "W",
            "wield": "w",
            "zap": "z",
        }.items()
    },
    "kick": _control("d"),
    **{
        name: _meta(key)
        for name, key in {
            "chat": "c",
            "dip": "d",
            "enhance": "e",
            "force": "f",
            "invoke": "i",
            "jump": "j",
            "loot": "l",
            "monster": "m",
            "offer": "o",
            "pray": "p",
            "rub": "r",
            "sit": "s",
            "turn undead": "t",
            "untrap": "u",
            "wipe": "w",
        }.items()
    },
}
"""What may be done at any time. What would end, save or set up the game is not among it."""

ANSWERS: dict[str, int] = {
    "escape": 27,
    "enter": 13,
    "space": 32,
    **{key: ord(key) for key in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-*?,.<>#+"},
}
"""What may be answered when the game asks, beside directions."""
MORE = ord("\r")
