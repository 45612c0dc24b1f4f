"""The confined process that runs artifact code, and the line to it.

A trusted worker talks to a *zygote* (``zygote.py``), an exec'd process that never held a secret and forks a
*child* (``child.py``) for each block of trials. ``host.py`` is the worker's end; ``line.py`` frames the messages.
"""
