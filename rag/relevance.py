"""How relevant a passage is to a query, 0 to 1 on one scale for all queries, and whether that is enough to answer. Ranks nothing."""

import math
from collections.abc import Sequence
from functools import lru_cache

from rag.index import VectorIndex
from rag.terms import expansions
from rag.text import content_stems, stems_of

# Logistic weights, fitted by `python -m evals.calibrate` on answerable and unanswerable questions; in the order of `signals_of`.
SIGNAL_WEIGHTS = (6.11, 10.23, 0.53, 2.48, -4.09)
BIAS = -13.38
MISSING_ASPECT = 4.23  # by which the logit falls where no passage speaks of what is asked for (`scope`)
UNKNOWN_NAME = 2.17  # and where the library has no word of a name in the question
USUAL_GAIN = 0.07  # how much nearer than its best sentence the best attached question of a passage that answers is; taken where it has none


def signals_of(cosine: float, question: float | None, covered: float, words: int, *, absent: bool) -> tuple[float, ...]:
    """Return what relevance is computed from.

    Args:
        cosine: Similarity of the passage's best sentence to the query, -1 to 1.
        question: That of the nearest question attached to it; None where none is.
        covered: Share of the query's words that it holds, 0 to 1.
        words: Content words of the query: a long question is less near to any one sentence.
        absent: Whether no passage mentions the drug or score that the query is about.
    """
    return cosine, cosine + USUAL_GAIN if question is None else max(cosine, question), covered, math.log1p(words), float(absent)


def relevance_of(signals: Sequence[float]) -> float:
    """Return the relevance of a passage with these signals, 0 to 1."""
    return _logistic(sum(weight * signal for weight, signal in zip(SIGNAL_WEIGHTS, signals, strict=True)) + BIAS)


def chance_of_answer(relevances: Sequence[float], *, missing_aspect: bool, unknown_name: bool) -> float:
    """Return how likely it is that passages answer the question, 0 to 1: the best relevance, less what is known to be missing.

    Args:
        relevances: Those of the passages; none give 0.
        missing_aspect: Whether no passage speaks of what the question asks for.
        unknown_name: Whether the library has no word of a name in the question.
    """
    best = max(relevances, default=0.0)
    if not 0.0 < best < 1.0:
        return best
    return _logistic(math.log(best / (1.0 - best)) - MISSING_ASPECT * missing_aspect - UNKNOWN_NAME * unknown_name)


def _logistic(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))


def coverage(query: str, text: str, index: VectorIndex) -> float:
    """Return the share of the query's words that a text (with its headings) holds, each weighed by its rarity; 0 to 1.

    An abbreviation or lay word counts for the most part where words of the same meaning stand in its place.
    """
    present = stems_of(text)
    wider = {word for phrase in expansions(query) for word in content_stems(phrase)}
    total = found = 0.0
    for word in dict.fromkeys(content_stems(query)):
        weight = index.rarity(word)
        total += weight
        if word in present:
            found += weight
        elif wider & present and _has_wider(word):
            found += 0.8 * weight
    return found / total if total else 0.0


@lru_cache(maxsize=4096)
def _has_wider(word: str) -> bool:
    return bool(expansions(word))
