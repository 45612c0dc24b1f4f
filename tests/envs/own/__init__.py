"""Tasks of the user's own: data, graders, texts, words."""
