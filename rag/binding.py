"""Are the figures of a sentence those of its evidence, each with the words that it belongs to? Findings in plain words, or "".

A figure must not only be there: of several figures of one kind, it must stand with the words that it stands with in the evidence.
"""

import re
from collections.abc import Sequence

from rag.agree import agree, number_problem, period_problem
from rag.align import Reading, Word, alike
from rag.figures import Figure, same_figure
from rag.units import NUMBER_WORDS

# What sets two sides against each other, and what names the source of all that was said.
_AGAINST = re.compile(
    r"(?<!advises )(?<!recommends )(?<!advised )(?<!cautions )(?<!warns )\bagainst\b|\bas opposed to\b|\bin contrast to\b", re.IGNORECASE
)
_SOURCE = re.compile(r",\s+(?:according to|in line with|says?|reports?)\b", re.IGNORECASE)
_LINKS = {"and", "or", "and/or"}
_COUNTED_BY = re.compile(rf"(?:\bper|\b(?:\d+|{'|'.join(NUMBER_WORDS)}) (?:out )?of(?: the)?)\s+$|\d/$", re.IGNORECASE)


def figure_problem(claim: Reading, evidence: Reading, context: Reading) -> str:
    """Return which figure of a sentence is not in its evidence; a heading lends a year and nothing else."""
    years = {int(figure.low) for figure in context.figures if _is_year(figure)}
    for figure in claim.figures:
        if any(agree(figure, claim.text, other, evidence.text) for other in evidence.figures) or (
            _is_year(figure) and int(figure.low) in years
        ):
            continue
        return f"the figure {claim.text[figure.start : figure.end].strip()!r} is not in its nearest passage"
    return period_problem(claim.text, evidence.text) or number_problem(claim.text, evidence.text)


def _is_year(figure: Figure) -> bool:
    return figure.unit == "" and figure.low == figure.high and 1900 <= figure.low <= 2100 and figure.low == int(figure.low)


def pairing_problem(claim: Reading, evidence: Reading) -> str:
    """Return which figure of a sentence stands with words that belong to another figure of the same kind in its evidence."""
    for figure in claim.figures:
        own = [other for other in evidence.figures if agree(figure, claim.text, other, evidence.text)]
        rivals = [
            other for other in evidence.figures if _rivals(figure, other) and not _is_denominator(evidence, other) and other not in own
        ]
        if not own or not rivals or _is_year(figure) or _is_of_code(claim.text, figure):
            continue
        beside = _company(claim, figure)
        for_own = max(_shared(beside, other, rivals, evidence) for other in own)
        for_rival = max(_shared(beside, other, own, evidence) for other in rivals)
        if for_rival > for_own or _holds_name_of(beside, own, rivals, evidence):
            return f"the figure {claim.text[figure.start : figure.end].strip()!r} belongs to something else in its nearest passage"
    return ""


def _is_of_code(text: str, figure: Figure) -> bool:
    return "/" in (text[figure.end : figure.end + 1], text[max(0, figure.start - 1) : figure.start])


def _is_denominator(reading: Reading, figure: Figure) -> bool:
    """Whether a figure is what others are counted by: "8.7 and 3.19 per 100,000 people", "one of 62"."""
    return bool(_COUNTED_BY.search(reading.text[: figure.start]))


def _rivals(one: Figure, other: Figure) -> bool:
    return one.unit == other.unit and not _is_year(other) and not (one.low == other.low and one.high == other.high)


_Company = tuple[tuple[Word, ...], tuple[Figure, ...]]


def _company(reading: Reading, figure: Figure) -> _Company:
    """The words and other figures of a figure's segment: from the break before it, or the figure of its kind before, to the next."""
    start, end = _segment(reading, figure)
    words = tuple(word for word in reading.words if start <= word.start < end)
    return words, tuple(other for other in reading.figures if other is not figure and start <= other.start < end)


def _segment(reading: Reading, figure: Figure) -> tuple[int, int]:
    kin = [
        other
        for other in reading.figures
        if other.unit == figure.unit and other is not figure and not _is_year(other) and not _is_denominator(reading, other)
    ]
    before = max((other.end for other in kin if other.end <= figure.start), default=0)
    behind = [other for other in kin if other.start >= figure.end and any(figure.end <= w.start < other.start for w in reading.words)]
    after = min((other.start for other in behind), default=len(reading.text))  # "10 of the 132 patients" are one group
    start = next((e for s, e in reversed(reading.breaks) if before <= s and e <= figure.start and _parts(reading, s, e, before)), before)
    end = _last_break(reading, figure.end, after)
    sides = [
        match for match in _AGAINST.finditer(reading.text) if not any(s < match.end() and match.start() < e for s, e in reading.breaks)
    ]
    start = max([start, *(match.end() for match in sides if match.end() <= figure.start)])
    return start, min([end, *(match.start() for match in (*sides, *_SOURCE.finditer(reading.text)) if match.start() >= figure.end)])


def _parts(reading: Reading, start: int, end: int, before: int) -> bool:
    """Whether a break parts a figure from what stands before it: a comma and "while" do, an "and" between two words of a list does not."""
    return reading.text[start:end].strip().lower() not in _LINKS or before > 0


def _last_break(reading: Reading, start: int, after: int) -> int:
    """Where the words after a figure end: at the text's end, or at the last break before the next figure of its kind."""
    if after == len(reading.text):
        return after
    inside = [s for s, _ in reading.breaks if start <= s < after]
    strong = [s for s, e in reading.breaks if start <= s < after and reading.text[s:e].strip().lower() not in _LINKS]
    return (strong or inside or [after])[-1 if not strong else 0]


def _shared(beside: _Company, stated: Figure, against: Sequence[Figure], evidence: Reading) -> float:
    """Return the share of what only this figure has in its company, not those of `against`, that stands beside the claimed figure, too.

    A share, not a count: "88% with A and 70% with B" says all that is common to both only once, beside the first.
    """
    elsewhere = [_company(evidence, other) for other in against]
    company = _company(evidence, stated)
    words = [word for word in company[0] if not any(alike(word, other) for others in elsewhere for other in others[0])]
    figures = [fig for fig in company[1] if not any(same_figure(fig, other) for others in elsewhere for other in others[1])]
    shared = sum(any(alike(word, other) for other in beside[0]) for word in words)
    shared += sum(any(same_figure(fig, other) for other in beside[1]) for fig in figures)
    return shared / (len(words) + len(figures)) if words or figures else 0.0


def _holds_name_of(beside: _Company, own: Sequence[Figure], rivals: Sequence[Figure], evidence: Reading) -> bool:
    """Whether a name stands beside the claimed figure that in the evidence only a rival has beside it."""
    ours = [word for figure in own for word in _company(evidence, figure)[0]]
    theirs = [word for figure in rivals for word in _company(evidence, figure)[0] if word.name]
    told = [
        word
        for word in theirs
        if word.kind in {"drug", "treatment"} or any(other.kind == word.kind == "tumour" and other.name != word.name for other in ours)
    ]
    return any(
        word.name and any(word.name == other.name for other in told) and not any(alike(word, other) for other in ours) for word in beside[0]
    )
