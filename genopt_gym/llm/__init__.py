"""Model calls: one client for every provider, with retries, replay, accounting and a hard budget."""

from genopt_gym.llm.client import Client
from genopt_gym.llm.errors import ModelError, ReplayMiss
from genopt_gym.llm.replies import Replies
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings

__all__ = ["Client", "ModelError", "ReplayMiss", "Replies", "Reply", "Request", "Settings"]
