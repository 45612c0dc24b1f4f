"""Atari games: one file a game, everything shared in ``emulator.py``."""
