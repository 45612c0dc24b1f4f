"""What everybody needs and what needs nobody; this file imports nothing, since confined processes load the room."""
