"""``python -m genopt_gym``: the command line, where ``genopt`` is not on the path."""

from genopt_gym.cli import main

if __name__ == "__main__":
    main()
