"""The suite's tasks for trainers of language models, one file each. None of them is imported before it is asked for."""
