"""Does a sentence put steps, or the two sides of a comparison, in the order of its evidence? Findings in plain words, or ""."""

import re
from collections.abc import Sequence

from rag.align import Reading, Word, alike

_LINKS = {"and", "or", "and/or"}
STEP_WORDS = 4  # words next to "before" or "after" that name a step

_COMPARES = re.compile(
    r"\b(?:(?:more|less|fewer)\b[^,;.]{0,60}?|\w+er\b[^,;.]{0,40}?)(?<!rather )(?<!other )than\b(?!\s*(?:about |some )?(?:\d|one\b|two\b|three\b|four\b|five\b|half\b|a (?:third|quarter|week|month|year|day)\b))",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?:more|less|fewer|than|better|worse|superior|inferior|non-inferior|higher|lower|greater|exceed\w*|longer|shorter|most|least|best|\w+est)\b",
    re.IGNORECASE,
)
_EARLIER_FIRST = re.compile(
    r"\b(?:before|prior to|precedes?|preceding|preceded|earlier than|followed by|(?:replaced|superseded) (?:by|with)|comes? before|ahead of|then|after that|thereafter|subsequently)\b",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"followed by|then|after that|thereafter|subsequently", re.IGNORECASE
)  # what stands before these is the first step, comma or not
_FIRST = re.compile(r"\bfirst\b(?=\s*(?:[,.;)]|$|and\b))", re.IGNORECASE)
_LATER_FIRST = re.compile(
    r"\b(?:after(?! that\b)|follows?|following|followed(?! by)|preceded by|replaced(?! by| with)|replaces|superseded(?! by| with)|supersedes|later than|should follow|once)\b",
    re.IGNORECASE,
)


def comparison_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence compares two things that its evidence sets side by side without a judgement, or the other way round."""
    found = _COMPARES.search(claim.text)
    if not found or any(figure.start - 3 <= found.end() <= figure.end for figure in claim.figures):
        return ""
    there = _COMPARES.search(evidence.text)
    if not there:
        return "" if _COMPARED.search(evidence.text) else f"{found.group()!r} compares what its nearest passage does not compare"
    straight = _common(_behind(claim, found.end()), _behind(evidence, there.end()))
    crossed = _common(_behind(claim, found.end()), _ahead(evidence, there.start()))
    names = any(word.name for word in _behind(claim, found.end()))
    return "it compares the other way round than its nearest passage" if names and crossed > straight else ""


def _behind(reading: Reading, at: int) -> tuple[Word, ...]:
    return tuple(word for word in reading.words if word.start >= at)[:2]


def _ahead(reading: Reading, at: int) -> tuple[Word, ...]:
    return tuple(word for word in reading.words if word.end <= at)


def order_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence puts two steps in the other order."""
    claimed, stated = _order(claim), _order(evidence)
    if not claimed or not stated:
        return ""
    (first, second), (first_there, second_there) = claimed, stated
    straight = _common(first, first_there) + _common(second, second_there)
    crossed = _common(first, second_there) + _common(second, first_there)
    # Things by name tell steps best: each stands on the other side, none on its own.
    by_name = (
        _names(first, second_there) and _names(second, first_there) and not (_names(first, first_there) or _names(second, second_there))
    )
    return "it puts its steps in another order than its nearest passage" if by_name or crossed > 2 * straight else ""


def _names(ones: Sequence[Word], others: Sequence[Word]) -> bool:
    return any(alike(one, other) and (one.name or other.name) and "body" not in (one.kind, other.kind) for one in ones for other in others)


_Steps = tuple[tuple[Word, ...], tuple[Word, ...]]


def _order(reading: Reading) -> _Steps | None:
    """The words of what comes first and of what comes next, where one word of order says so."""
    text = reading.text
    cues = [(match, True) for match in _EARLIER_FIRST.finditer(text)] + [(match, False) for match in _LATER_FIRST.finditer(text)]
    cues = [
        (match, earlier)
        for match, earlier in cues
        if not any(f.start < match.end() + 22 and match.end() <= f.start for f in reading.figures)
    ]
    if not cues:
        alone = _FIRST.search(text)
        return (tuple(word for word in reading.words if word.end <= alone.start())[-1:], ()) if alone else None
    match, earlier = min(cues, key=lambda cue: cue[0].start())
    links = [(start, end) for start, end in reading.breaks if text[start:end].strip().lower() not in _LINKS]
    starts = [word.start for word in reading.words if word.end <= match.start()]
    stop = max(starts, default=0) + 1 if _NEXT.fullmatch(match.group()) else match.start()
    left = max((end for _, end in links if end <= stop), default=0) if stop == match.start() else 0
    right = min((start for start, _ in links if start >= match.end()), default=len(text))
    before = tuple(word for word in reading.words if left <= word.start and word.end <= match.start())
    after = tuple(word for word in reading.words if match.end() <= word.start < right)
    near = after[:STEP_WORDS]
    if not before:  # "After surgery, radiotherapy follows": what stands behind the comma is the other step
        behind = tuple(word for word in reading.words if word.start > right)[:STEP_WORDS]
        return (behind, near) if earlier else (near, behind)
    if stop != match.start():
        return before[-2 * STEP_WORDS :], near
    return (before[-STEP_WORDS:], near) if earlier else (near, before[-STEP_WORDS:])


def _common(ones: Sequence[Word], others: Sequence[Word]) -> int:
    return sum(any(alike(one, other) for other in others) for one in ones)
