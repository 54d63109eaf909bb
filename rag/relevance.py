"""How relevant a passage is to a query, 0 to 1 on one scale for all queries, and whether that is enough to answer. Ranks nothing.

A passage is judged by its best sentence: how near it is in meaning, what the reader makes of it, and what the query names that it does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.figures import Figure, find_figures
from rag.index import VectorIndex
from rag.schema import Passage
from rag.sentences import is_year, squashed, units_asked
from rag.terms import expansions, find_terms
from rag.text import content_stems, stems_of

# Logistic weights, fitted by `python -m evals.calibrate` on answerable and unanswerable questions; in the order of `signals_of`.
SIGNAL_WEIGHTS = (5.99, 2.23, 1.99, -2.99, -0.86, -0.67, -1.55, -0.59, -2.45)
BIAS = -6.90
FEW_WORDS = 3  # a shorter query is judged as one of so many: few questions that the weights are fitted on are as short as "what is SINS?"
MISSING_ASPECT = 2.30  # by which the logit falls where no passage speaks of what is asked for (`scope`)
UNKNOWN_NAME = 0.69  # and where the library has no word of a name in the question
# What stands in for a reading where there is no reader: that of passages with none and with all of the query's words. By hand: the mean reading of the
# latter is 3.2, but words in common deserve less trust.
READING_OF_NONE, READING_OF_ALL = -3.0, 2.0
# Not fitted: measured once.
USUAL_GAIN = 0.05  # how much nearer than its best sentence the best attached question of a passage that answers is; taken where it has none


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks for, as far as a sentence can be held against it.

    Attributes:
        words: Content words; a long question is less near to any one sentence.
        names: Names of the field, each with its kind.
        figures: Its figures that are no years.
        units: Units of the figure that is asked for; empty where none is.
        absent: Whether no passage mentions the drug or score that the query is about.
    """

    words: int
    names: frozenset[tuple[str, str]]
    figures: tuple[Figure, ...]
    units: frozenset[str]
    absent: bool


def asked_of(query: str, asking: str, *, absent: bool) -> Asked:
    """Return what a query asks for; `asking` is the part of it that asks, which alone is searched for names and figures."""
    return Asked(
        words=len(content_stems(query)),
        names=frozenset((term.kind, term.name) for term in find_terms(asking)),
        figures=tuple(figure for figure in find_figures(asking) if not is_year(figure)),
        units=units_asked(asking),
        absent=absent,
    )


def signals_of(asked: Asked, passage: Passage, *, cosine: float, question: float | None, covered: float) -> tuple[float, ...]:
    """Return what relevance is computed from, in the order of `SIGNAL_WEIGHTS`.

    Args:
        asked: What the query asks for.
        passage: The passage, with its best sentence.
        cosine: Similarity to the query of the nearest of the passage's sentences, -1 to 1.
        question: That of the nearest question attached to any of them; None where none is.
        covered: Share of the query's words that the passage holds, 0 to 1; looked at where there is no reader.
    """
    reading = passage.readings[passage.best] if passage.readings else READING_OF_NONE + covered * (READING_OF_ALL - READING_OF_NONE)
    sentence = passage.sentence(passage.best)
    told = f"{passage.source.title}. {passage.section}. {passage.source.publisher}. {sentence}"
    held = {(term.kind, term.name) for term in find_terms(told)}
    missing = asked.names - held
    tumours = [name for kind, name in missing if kind == "tumour"]
    others = [name for kind, name in held if kind == "tumour"]  # a sentence on another tumour; one that names none may hold for all
    return (
        cosine + USUAL_GAIN if question is None else max(cosine, question),
        squashed(reading),
        math.log1p(max(FEW_WORDS, asked.words)),
        float(bool(tumours) and bool(others)),
        float(bool(tumours) and not others),
        float(min(2, len(missing))),
        float(any(not _states(told, figure) for figure in asked.figures)),
        float(bool(asked.units) and not any(figure.unit in asked.units for figure in find_figures(sentence) if not is_year(figure))),
        float(asked.absent),
    )


def relevance_of(signals: Sequence[float]) -> float:
    """Return the relevance of a passage with these signals, 0 to 1."""
    return _logistic(sum(weight * signal for weight, signal in zip(SIGNAL_WEIGHTS, signals, strict=True)) + BIAS)


def judged(passage: Passage, signals: tuple[float, ...]) -> Passage:
    """Return a passage with its relevance."""
    return replace(passage, signals=signals, relevance=relevance_of(signals))


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


def _states(text: str, asked: Figure) -> bool:
    """Whether a text has a figure, or a range or bound that holds it."""
    return any(
        (figure.low, figure.high) == (asked.low, asked.high)
        or ((figure.is_range or figure.comparator not in {"", "~"}) and figure.holds(asked.low))
        for figure in find_figures(text)
    )


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
