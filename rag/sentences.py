"""Sentences of passages, ranked for a question: what retrieval orders passages by and a verbatim answer is made of. No model, milliseconds.

Ranks by nearness in meaning, by the question's words, and by figures: a question for a dose wants a dose, a question for a clearance of 45
wants the row "40 to 49". Does not choose how many are shown; `quotes` does.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.figures import Figure, find_figures
from rag.schema import Passage
from rag.terms import expansions
from rag.text import collapse, content_stems, stems_of

# Weights of a sentence's rank, where its cosine similarity has weight 1: fitted together with those of `rerank` on the calibration and dev questions
# (python -m evals.fit_order). The rules on values, ORPHAN_PENALTY and ABOUT_DIGEST_PENALTY are set by hand: few of those
# questions turn on them; a wrong dose is worse than none, and a sentence that points back to one not shown reads badly.
LEXICAL_WEIGHT = 0.20
HEADING_WEIGHT = 0.41  # words that only the title or section holds: they say what the sentence is about
WIDER_WEIGHT = 0.01
TOKEN_WEIGHT = 0.88
QUESTION_WEIGHT = 1.06  # of what a question attached to the sentence is nearer than the sentence
READING_WEIGHT = 0.29  # of what the reader makes of the sentence, squashed
ANY_FIGURE_BONUS = 0.03
RIGHT_UNIT_BONUS = 0.09
WRONG_UNIT_PENALTY = 0.07  # a dose is asked for, and no dose is stated
HOLDS_VALUE_BONUS = 0.25
TIGHT_RANGE_BONUS = 0.18  # "40 to 49" answers for 45 better than "30 to 60"; in full for a range of no width
MISSES_VALUE_PENALTY = 0.26
ROW_PENALTY = 0.20  # a bare table row reads worse than the sentence that says the same
ORPHAN_PENALTY = 0.14  # the sentence before, which it points back to, is not shown
ABOUT_DIGEST_PENALTY = 0.21  # what a digest says of itself answers hardly any question
CONTRAST = re.compile(
    r"\b(differ\w*|difference|versus|vs\.?|compar\w+|better than|or|rather than|between|same|both|either|against|(?:dis)?agree\w*|eye to eye|alike|"
    r"contradict\w*|as (?:well|good|strong|often|much|safe) as|each)\b",
    re.IGNORECASE,
)

_ORPHAN = re.compile(
    r"^(this|that|these|those|it|its|they|their|he|she|such|conversely|however|therefore|thus|in contrast|another|also|both agents|unlike|"
    r"in the same|the same)\b",
    re.IGNORECASE,
)
_ABOUT_DIGEST = re.compile(r"\bdigest\b", re.IGNORECASE)

_UNITS_ASKED: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (re.compile(r"\b(dose|dosage|dosing|how much|mg|gray|gy|fractionation)\b", re.I), frozenset({"mg", "Gy", "IU", "mg/kg", "mL", "L", "fraction", "kBq/kg", "g"})),
    (re.compile(r"\b(how (fast|soon|quickly|long|often|late)|when|deadline|time limit|how many (hours|days|weeks|months)|interval|frequen\w+|within)\b", re.I), frozenset({"h", "month", "year"})),
    (re.compile(r"\b(level|threshold|cut-?off|calcium|creatinine|clearance|egfr)\b", re.I), frozenset({"mg/dL", "mmol/L", "µmol/L", "mL/min", "mL/min/1.73 m²"})),
    (re.compile(r"\b(how (common|likely|many|accurate|sensitive|specific)|percent\w*|proportion|incidence|rate|risk|sensitivity|specificity|survival|odds|share)\b", re.I), frozenset({"%"})),
    (re.compile(r"\b(score|scores|points?|total|sins|mirels|tokuhashi|katagiri)\b", re.I), frozenset({"", "point"})),
)  # fmt: skip
_ASKS_FIGURE = re.compile(
    r"\b(dose|dosage|how (much|many|fast|soon|quickly|long|often|common|likely|high|low)|threshold|cut-?off|what (score|total|level|percentage|dose|number)|"
    r"when|deadline|incidence|rate|percent\w*|sensitivity|specificity|interval|points?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """A sentence of a passage with its rank value for a question (higher is better, comparable within one question only)."""

    passage: int
    number: int
    text: str
    value: float
    is_row: bool = False


def rank_sentences(question: str, passages: Sequence[Passage], *, rarity: Callable[[str], float]) -> list[RankedSentence]:
    """Rank all sentences of the passages for a question, best first.

    Args:
        question: The standalone query.
        passages: Passages, best first.
        rarity: Inverse document frequency of a stem.

    Returns:
        Each distinct sentence once, with white space collapsed; ties in passage order.
    """
    asked = dict.fromkeys(content_stems(question))
    wider = {word for phrase in expansions(question) for word in content_stems(phrase)}
    figures = _stated(question)
    units = _units(question)
    ranked: dict[str, RankedSentence] = {}
    for place, passage in enumerate(passages):
        heading = stems_of(f"{passage.source.title} {passage.section}")
        for number in range(len(passage.sentences)):
            raw = passage.sentence(number)
            text = readable(raw)
            value = passage.prior + passage.similarities[number]
            value += TOKEN_WEIGHT * passage.token_similarities[number] if passage.token_similarities else 0.0
            value += QUESTION_WEIGHT * passage.question_gains[number] if passage.question_gains else 0.0
            value += READING_WEIGHT * squashed(passage.readings[number]) if passage.readings else 0.0
            value += _word_value(asked, stems_of(text), heading, wider, rarity)
            value += _figure_value(question, text, figures, units)
            value -= ROW_PENALTY if raw.startswith("|") else 0.0
            value -= ORPHAN_PENALTY if _ORPHAN.search(text) else 0.0
            value -= ABOUT_DIGEST_PENALTY if _ABOUT_DIGEST.search(f"{passage.section} {text}") else 0.0
            if text not in ranked or value > ranked[text].value:
                ranked[text] = RankedSentence(place, number, text, value, raw.startswith("|"))
    return sorted(ranked.values(), key=lambda sentence: (-sentence.value, sentence.passage, sentence.number))


def squashed(reading: float) -> float:
    """Return a reader's logit as a value from -1 to 1, steepest where it is in doubt."""
    return math.tanh(reading / 4)


def units_asked(question: str) -> frozenset[str]:
    """Return the units of the figure that a question asks for; none where it asks for no figure.

    Example: "What dose of dexamethasone?" -> mg, Gy, ...
    """
    return _units(question) if _ASKS_FIGURE.search(question) else frozenset()


def _units(question: str) -> frozenset[str]:
    return frozenset().union(*(wanted for pattern, wanted in _UNITS_ASKED if pattern.search(question)))


def readable(raw: str) -> str:
    """Return a sentence with white space collapsed; of a Markdown table row, the first cell is followed by the others.

    Example: "| Lytic | 2 points |" -> "Lytic: 2 points"
    """
    if raw.startswith("|"):
        first, *others = [cell.strip() for cell in raw.strip().strip("|").split("|") if cell.strip()] or [""]
        return f"{first}: {'; '.join(others)}" if others else first
    return collapse(raw)


def _word_value(
    asked: dict[str, None], words: frozenset[str], heading: frozenset[str], wider: set[str], rarity: Callable[[str], float]
) -> float:
    """What the words of the question add that stand in the sentence or, failing that, in its headings."""
    total = sum(rarity(word) for word in asked)
    if not total:
        return 0.0
    value = LEXICAL_WEIGHT * sum(rarity(word) for word in asked if word in words) / total
    value += HEADING_WEIGHT * sum(rarity(word) for word in asked if word in heading and word not in words) / total
    return value + (WIDER_WEIGHT if wider & words else 0.0)


def _figure_value(question: str, text: str, asked: Sequence[Figure], units: frozenset[str]) -> float:
    stated = _stated(text)
    value = 0.0
    if _ASKS_FIGURE.search(question):
        right = any(figure.unit in units for figure in stated)
        value += ANY_FIGURE_BONUS if stated else 0.0
        value += RIGHT_UNIT_BONUS if right else -WRONG_UNIT_PENALTY if units else 0.0
    for figure in asked:
        alike = [
            other for other in stated if other.unit == figure.unit or (figure.unit == "" and other.unit not in {"h", "month", "year", "%"})
        ]
        bounded = [other for other in alike if other.is_range or other.comparator not in {"", "~"}]
        holding = [other for other in bounded if other.holds(figure.low)]
        if holding:
            value += HOLDS_VALUE_BONUS + TIGHT_RANGE_BONUS * max(_tightness(other, figure.low) for other in holding)
        elif any(other.low == figure.low == other.high for other in alike):
            value += HOLDS_VALUE_BONUS
        elif bounded:
            value -= MISSES_VALUE_PENALTY
    return value


@lru_cache(maxsize=50_000)
def _stated(text: str) -> tuple[Figure, ...]:
    """The figures of a text that are no years, remembered as `stems_of` is."""
    return tuple(figure for figure in find_figures(text) if not is_year(figure))


def _tightness(figure: Figure, value: float) -> float:
    """Return 1 for a range of no width, 0 for one as wide as the value itself or for an open bound."""
    if not figure.is_range or value <= 0:
        return 0.0
    return max(0.0, 1.0 - (figure.high - figure.low) / value)


def is_year(figure: Figure) -> bool:
    """Whether a figure reads as a year: 1900 to 2100, whole, no unit."""
    return figure.unit == "" and 1900 <= figure.low <= 2100 and figure.low == int(figure.low)
