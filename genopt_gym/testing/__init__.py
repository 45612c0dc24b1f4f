"""Conformance suites: inherit one in a pytest file, and your task or agent is held to what ours are held to.

    from genopt_gym.testing import TaskConformance

    class TestMyTask(TaskConformance):
        id = "my_package:My/Task-v0"

They need pytest and psutil, and use hypothesis where it is installed; the rest of the package never imports them.
"""

from genopt_gym.testing.agents import AgentConformance
from genopt_gym.testing.external import ModelAgentConformance
from genopt_gym.testing.tasks import TaskConformance

__all__ = ["AgentConformance", "ModelAgentConformance", "TaskConformance"]
