"""The Gymnasium suite for generative optimization: one environment step is one edit of an artifact."""

from genopt_gym.core.errors import ContractBroken
from genopt_gym.registration import register_all
from genopt_gym.version import VERSION
from genopt_gym.wrapping import wrap

__all__ = ["ContractBroken", "wrap"]
__version__ = VERSION

register_all()
