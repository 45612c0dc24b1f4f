"""NetHack: a game that nobody's program has mastered."""
