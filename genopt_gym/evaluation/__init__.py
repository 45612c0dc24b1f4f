"""The one service that runs artifacts: trusted workers, blocks of trials, cache, ledger and budget."""

from genopt_gym.core.ledger import Budget, BudgetSpent, Ledger
from genopt_gym.evaluation.block_runner import EvaluationError
from genopt_gym.evaluation.cancellation import EvaluationCancelled
from genopt_gym.evaluation.evaluator import Batch, Evaluation, Evaluator

__all__ = [
    "Batch",
    "Budget",
    "BudgetSpent",
    "Evaluation",
    "EvaluationCancelled",
    "EvaluationError",
    "Evaluator",
    "Ledger",
]
