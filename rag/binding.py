"""Are the figures, names and order of a sentence those of its evidence, each with the words it belongs to? Findings in plain words, or "".

A figure must not only be there: of several figures of one kind, it must stand with the words that it stands with in the evidence.
"""

import re
from collections.abc import Sequence

from rag.align import Reading, Word, alike, is_named
from rag.figures import Figure, same_figure
from rag.terms import absent_subjects

STRICT_KINDS = frozenset({"drug", "body", "score", "tumour", "site", "imaging", "treatment", "condition"})
RIVAL_KINDS = frozenset(
    {"drug", "body", "score", "tumour", "imaging", "site"}
)  # where the evidence names one of these, the heading must not lend another

STEP_WORDS = 4  # words next to "before" or "after" that name a step

_CODE = re.compile(r"\b[A-Z]{1,4}-?\d+(?:[-/][A-Z]?\d+)?\b")
_PROPER = re.compile(r"(?<![.\w-])(?<!^)(?:[A-Z][a-z]+(?:[A-Z]\w*)?|[A-Z][\w/-]*[A-Z][\w]*)(?![\w-])")
_POPULATION = tuple(
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for words in (
        r"child\w*|infants?|adolescents?|teenagers?|young people|young person|paediatric|pediatric|neonat\w+",
        r"pregnan\w+|breastfeeding|breast-feeding|lactat\w+",
        r"elderly|frail|older (?:people|adults|patients|men|women)|(?:over|above|older than) the age of",
        r"smokers?|smoking",
        r"outpatients?",
        r"animals?|mice|rats?",
    )
)
_COMPARES = re.compile(
    r"\b(?:(?:more|less|fewer)\b[^,;.]{0,60}?|\w+er\b[^,;.]{0,40}?)(?<!rather )(?<!other )than\b(?!\s*(?:about |some )?\d)", re.IGNORECASE
)
_COMPARED = re.compile(
    r"\b(?:more|less|fewer|than|better|worse|superior|inferior|non-inferior|higher|lower|greater|exceed\w*|longer|shorter|most|least|best|\w+est)\b",
    re.IGNORECASE,
)
_LINKS = {"and", "or", "and/or"}
_EARLIER_FIRST = re.compile(r"\b(?:before|prior to|precedes?|preceding|preceded|earlier than|followed by|comes? before)\b", re.IGNORECASE)
_LATER_FIRST = re.compile(r"\b(?:after|follows?|following|followed(?! by)|preceded by|later than|should follow|once)\b", re.IGNORECASE)


def figure_problem(claim: Reading, evidence: Reading, context: Reading) -> str:
    """Return which figure of a sentence is not in its evidence; a heading lends a year and nothing else."""
    years = {int(figure.low) for figure in context.figures if _is_year(figure)}
    for figure in claim.figures:
        if any(same_figure(figure, other) for other in evidence.figures) or (_is_year(figure) and int(figure.low) in years):
            continue
        return f"the figure {claim.text[figure.start : figure.end].strip()!r} is not in its nearest passage"
    return ""


def _is_year(figure: Figure) -> bool:
    return figure.unit == "" and figure.low == figure.high and 1900 <= figure.low <= 2100 and figure.low == int(figure.low)


def pairing_problem(claim: Reading, evidence: Reading) -> str:
    """Return which figure of a sentence stands with words that belong to another figure of the same kind in its evidence."""
    for figure in claim.figures:
        own = [other for other in evidence.figures if same_figure(figure, other)]
        rivals = [other for other in evidence.figures if _rivals(figure, other)]
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


def _rivals(one: Figure, other: Figure) -> bool:
    return one.unit == other.unit and not _is_year(other) and not (one.low == other.low and one.high == other.high)


_Company = tuple[tuple[Word, ...], tuple[Figure, ...]]


def _company(reading: Reading, figure: Figure) -> _Company:
    """The words and other figures of a figure's segment: from the break before it, or the figure of its kind before, to the next."""
    start, end = _segment(reading, figure)
    words = tuple(word for word in reading.words if start <= word.start < end)
    return words, tuple(other for other in reading.figures if other is not figure and start <= other.start < end)


def _segment(reading: Reading, figure: Figure) -> tuple[int, int]:
    kin = [other for other in reading.figures if other.unit == figure.unit and other is not figure and not _is_year(other)]
    before = max((other.end for other in kin if other.end <= figure.start), default=0)
    behind = [other for other in kin if other.start >= figure.end and any(figure.end <= w.start < other.start for w in reading.words)]
    after = min((other.start for other in behind), default=len(reading.text))  # "10 of the 132 patients" are one group
    start = next((e for s, e in reversed(reading.breaks) if before <= s and e <= figure.start and _parts(reading, s, e, before)), before)
    end = _last_break(reading, figure.end, after)
    return start, end


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
    theirs = [word for figure in rivals for word in _company(evidence, figure)[0] if word.kind in {"drug", "treatment"}]
    return any(
        word.name and any(word.name == other.name for other in theirs) and not any(alike(word, other) for other in ours)
        for word in beside[0]
    )


def name_problem(claim: Reading, evidence: Reading, context: Reading) -> str:
    """Return which name of a sentence, of the field or any other, is not in its evidence; a heading lends one where no rival stands."""
    for word in claim.words:
        if word.kind not in STRICT_KINDS or is_named(word, evidence):
            continue
        rival = word.kind in RIVAL_KINDS and any(other.kind == word.kind for other in evidence.words)
        if not rival and is_named(word, context):
            continue
        return f"{word.text!r} is not named in its nearest passage"
    for population in _POPULATION:
        found = population.search(claim.text)
        if found and not population.search(f"{evidence.text} {context.text}"):
            return f"{found.group()!r} is not named in its nearest passage"
    absent = absent_subjects(claim.text, [evidence.text, context.text])
    known = f"{evidence.text} {context.text}"
    unknown = sorted(set(_CODE.findall(claim.text)) - set(_CODE.findall(known)))
    missing = absent or unknown or _unknown_proper_names(claim, evidence, known) or _lent_proper_names(claim, evidence)
    return f"{missing[0]!r} is not named in its nearest passage" if missing else ""


def _unknown_proper_names(claim: Reading, evidence: Reading, known: str) -> list[str]:
    lower = known.lower()
    found = []
    for match in _PROPER.finditer(claim.text):
        word = match.group().removesuffix("s") if match.group().isupper() else match.group()
        names = [part for part in re.split(r"[/-]", word) if part]
        if all(part.lower() in lower for part in names) or _initials_stand(word, known):
            continue
        if any(w.start <= match.start() < w.end and any(alike(w, other) for other in evidence.words) for w in claim.words):
            continue
        if any(w.start <= match.start() < w.end and w.name for w in claim.words):
            continue  # names of the field were compared above
        found.append(match.group())
    return found


def _lent_proper_names(claim: Reading, evidence: Reading) -> list[str]:
    """Names in capitals, such as trials, that only the heading has, where the evidence speaks of another one that the sentence leaves out."""
    others = [name for name in _capitals(evidence) if name.lower() not in claim.text.lower() and not _initials_stand(name, claim.text)]
    return [name for name in _capitals(claim) if name.lower() not in evidence.text.lower()] if others else []


def _capitals(reading: Reading) -> list[str]:
    named = [(word.start, word.end) for word in reading.words if word.name]
    return [
        match.group()
        for match in re.finditer(r"(?<![\w-])[A-Z][A-Z\d]{3,}(?:-\w+)?|(?<![\w-])[A-Z]{2,}-\d+", reading.text)
        if not any(start <= match.start() < end for start, end in named)
    ]


def _initials_stand(word: str, known: str) -> bool:
    initials = "".join(part[0] for part in re.findall(r"[A-Za-z]+", known)).upper()
    return word.isupper() and 2 <= len(word) <= 6 and word in initials


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
    return "it puts its steps in another order than its nearest passage" if crossed > 2 * straight else ""


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
        return None
    match, earlier = min(cues, key=lambda cue: cue[0].start())
    links = [(start, end) for start, end in reading.breaks if text[start:end].strip().lower() not in _LINKS]
    left = max((end for _, end in links if end <= match.start()), default=0)
    right = min((start for start, _ in links if start >= match.end()), default=len(text))
    before = tuple(word for word in reading.words if left <= word.start and word.end <= match.start())
    after = tuple(word for word in reading.words if match.end() <= word.start < right)
    near = after[:STEP_WORDS]
    if not before:  # "After surgery, radiotherapy follows": what stands behind the comma is the other step
        behind = tuple(word for word in reading.words if word.start > right)[:STEP_WORDS]
        return (behind, near) if earlier else (near, behind)
    return (before[-STEP_WORDS:], near) if earlier else (near, before[-STEP_WORDS:])


def _common(ones: Sequence[Word], others: Sequence[Word]) -> int:
    return sum(any(alike(one, other) for other in others) for one in ones)
