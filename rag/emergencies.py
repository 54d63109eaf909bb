"""Question and its vector -> emergency alerts: the rules of `alerts`, weighed together with what the question's meaning says.

Rules miss what is told in words that nobody foresaw ("the carpet feels like cotton wool"), and flag what only sounds alike. A linear model over the
question's vector was fitted to phrases of both kinds (`python -m evals.fit_alerts`). It holds for the embedding model that it was fitted with;
with another one the rules decide alone.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rag.alerts import Examined, alerts_table, examine
from rag.schema import Alert

WEIGHTS_FILE = Path(__file__).with_name("alert_weights.json")
CONTEXT_WEIGHT = 0.6  # of a context beside the components of a unit vector, when fitted and when used
RULE_BONUS = 4.0  # of a rule that fired, in logits
THRESHOLD = 0.5  # logit from which there is an alert


@dataclass(frozen=True, slots=True)
class AlertWeights:
    """Logistic weights of each class over `features_of`; the first class is "none"."""

    revision: str  # of the embedding model that they were fitted with
    classes: tuple[str, ...]
    weights: np.ndarray  # (classes, features)
    bias: np.ndarray  # (classes,)


@lru_cache(maxsize=2)
def load_weights(path: Path = WEIGHTS_FILE) -> AlertWeights:
    """Return the fitted weights."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return AlertWeights(table["revision"], tuple(table["classes"]), np.array(table["weights"]), np.array(table["bias"]))


def features_of(examined: Examined, vector: np.ndarray) -> np.ndarray:
    """Return the (dim + 3,) features of a question: its vector, and whether cancer, a person and a raised calcium are told of."""
    return np.concatenate([vector, CONTEXT_WEIGHT * np.array([examined.cancer, examined.person, examined.calcium], dtype=np.float32)])


def find_emergencies(question: str, *, encode: Callable[[str], np.ndarray], revision: str) -> tuple[Alert, ...]:
    """Return the alerts that a question calls for, in the order of the table.

    Args:
        question: What the person asked.
        encode: A text to its (dim,) unit vector; called only where the question tells of a person or a rule fired.
        revision: That of the embedding model.
    """
    examined, fitted = examine(question), load_weights()
    if revision != fitted.revision or not (examined.alerts or examined.person):
        return examined.alerts
    logits = fitted.weights @ features_of(examined, encode(question)) + fitted.bias
    emergency = float(np.logaddexp.reduce(logits[1:]) - logits[0])
    if emergency + (RULE_BONUS if examined.alerts else 0.0) < THRESHOLD:
        return ()
    likeliest = fitted.classes[1:][int(np.argmax(logits[1:]))]
    return examined.alerts or tuple(rule.alert for rule in alerts_table().rules if rule.alert.id == likeliest)
