"""An environment of the suite as an OpenEnv server: many sessions at once, each with a run of its own.

``genopt openenv serve ID`` serves one, ``genopt openenv package ID DIR`` writes what a container needs. From Python:
``genopt_gym.training.openenv.app.create_app``.
"""
