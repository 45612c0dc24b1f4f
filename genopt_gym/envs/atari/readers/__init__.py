"""What is on each game's screen, read from RAM; confined processes load a game's reader too, so these import little."""
