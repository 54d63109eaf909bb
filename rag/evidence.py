"""Sentence and Passages -> what the sentence may rest on: one of their sentences, or two or three of them for its clauses. Judges nothing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, product

from rag.agree import agree
from rag.align import Reading, Word, alike, read, weight
from rag.figures import Figure, same_figure
from rag.names import RIVAL_KINDS
from rag.schema import Passage, Span
from rag.text import collapse

SINGLES_CHECKED = 6  # sentences looked at alone, those with most of the words first
PAIRED = 8  # sentences of which two may be put together
PAIRS_CHECKED = 4
CLAUSED_CHECKED = 12
BREAKS_TRIED = 6
EACH = 3  # sentences tried for a clause
HELD_ELSEWHERE = 0.5  # the same where the two are of different documents
HELD = 0.35  # share of a clause that its sentence must have to be tried
TOLD = 0.7  # share of what a sentence has beyond another that must be told where the two are read as one
YEAR_REACH = 12  # characters between a year and the name it stands with
FIGURE_WEIGHT = 1.5  # of a figure among the words, when evidence is sought

_BOUND_KINDS = {"body", "drug", "score"}  # what one sentence says of these, it says of no other
_BINDS = re.compile(r"if|when|unless|except|provided|because|so|rather than|[()]", re.IGNORECASE)  # what these join is one statement
_ADJUNCT = re.compile(
    r"(?:according to|says?|said|under|in|at|on|for|with|without|by|from|of|among|after|before|during|as|per|if|when|unless|until|because)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage, read; its context is title, section and body of the document, which may lend a name but no figure."""

    passage: int
    span: Span
    reading: Reading
    context: Reading
    origin: Reading  # body and year, and for a clause those that the others of the document rest on: all that is lent where sentences are put together
    document: str
    beside: "Evidence | None" = None  # the other of two sentences that are read as one


Pairing = tuple[tuple[Reading, Evidence], ...]  # the sentence with its evidence, or its clauses with one evidence each


def candidates(claim: Reading, passages: Sequence[Passage]) -> list[Pairing]:
    """Return what the sentence may rest on: single sentences, then pairs of sentences for its two clauses, those with most of its words first."""
    pool = [evidence for place, passage in enumerate(passages) for evidence in _sentences(place, passage)]
    held = {id(evidence): _held(claim, evidence.reading, evidence.context) for evidence in pool}
    pool.sort(key=lambda evidence: -held[id(evidence)])
    singles: list[Pairing] = [((claim, evidence),) for evidence in pool[:SINGLES_CHECKED]]
    # Two rows of a table are never put together: each is a statement of its own.
    prose = [evidence for evidence in pool[: PAIRED * 2] if not evidence.reading.text.startswith("|")][:PAIRED]
    merged = []
    for one, other in combinations(prose, 2):
        if _may_join(one, other) and _both_told(claim, one, other):
            joint = _joined(one, other)
            merged.append((_held(claim, joint.reading, joint.context), ((claim, joint),)))
    found: list[Pairing] = singles
    for put_together, most in ((_by_clauses(claim, prose), CLAUSED_CHECKED), (merged, PAIRS_CHECKED)):
        put_together.sort(key=lambda entry: -entry[0])
        found = found + [pairing for _, pairing in put_together[:most]]
    return found


def _both_told(claim: Reading, one: Evidence, other: Evidence) -> bool:
    """Whether a sentence tells most of what each of two sentences has beyond the other, and these speak of the same things by name.

    Such a sentence merges them, however it winds the two: "A and B were 3% and 5% with X, against 1% and 2% without".
    """
    beyond, beyond_other = _beyond(one.reading, other.reading), _beyond(other.reading, one.reading)
    kinds, kinds_other = ({word.kind for word in words if word.kind in RIVAL_KINDS} for words, _ in (beyond, beyond_other))
    if (kinds | kinds_other) & _BOUND_KINDS or ((kinds & kinds_other) and not (_only_names(*beyond) and _only_names(*beyond_other))):
        return False  # which of the two a name belongs to would be lost
    return all(_told(claim, *part) >= TOLD for part in (beyond, beyond_other))


def _beyond(one: Reading, other: Reading) -> tuple[list[Word], list[Figure]]:
    return (
        [word for word in one.words if weight(word) and not has(other, word)],
        [figure for figure in one.figures if not any(same_figure(figure, it) for it in other.figures)],
    )


def _only_names(words: Sequence[Word], figures: Sequence[Figure]) -> bool:
    """Whether what is beyond is names but for a word: "it is advised in A", "it is advised in B"."""
    return not figures and sum(weight(word) for word in words if not word.name) <= 1.0


def _told(claim: Reading, words: Sequence[Word], figures: Sequence[Figure]) -> float:
    total = sum(map(weight, words)) + FIGURE_WEIGHT * len(figures)
    told = sum(weight(word) for word in words if has(claim, word))
    told += FIGURE_WEIGHT * sum(any(same_figure(it, figure) for it in claim.figures) for figure in figures)
    return told / total if total else 0.0


def _joined(one: Evidence, other: Evidence) -> Evidence:
    """Two sentences as one, in the order of the text; only what both headings have is lent."""
    first, second = sorted((one, other), key=lambda evidence: (evidence.passage, evidence.span.start))
    reading = read(f"{first.reading.text.rstrip('.')}; {second.reading.text}")
    return replace(first, reading=reading, context=first.origin, beside=second)


def _sentences(place: int, passage: Passage) -> list[Evidence]:
    source = passage.source
    context = read(collapse(f"{source.title} {passage.section} {source.publisher} {source.year or ''}"))
    origin = read(collapse(f"{source.publisher} {source.year or ''}"))
    return [
        Evidence(place, span, read(text), context, origin, source.document_id)
        for span in passage.sentences
        if (text := collapse(passage.text[span.start : span.end]))
    ]


def _held(claim: Reading, evidence: Reading, context: Reading) -> float:
    """Return the weight of the sentence's words and figures that the evidence has, as a share; a word of the heading counts half."""
    weights = [weight(word) for word in claim.words]
    total = sum(weights) + FIGURE_WEIGHT * len(claim.figures)
    found = FIGURE_WEIGHT * sum(
        any(agree(figure, claim.text, other, evidence.text) for other in evidence.figures) for figure in claim.figures
    )
    for word, counts in zip(claim.words, weights, strict=True):
        if counts and has(evidence, word):
            found += counts
        elif counts and has(context, word):
            found += counts / 2
    return found / total if total else 0.0


def has(reading: Reading, word: Word) -> bool:
    """Whether a text has a word, or one that says the same."""
    return any(alike(word, other) for other in reading.words)


def _may_join(one: Evidence, other: Evidence) -> bool:
    """Two sentences may be put together within a passage or document, or where they speak of the same thing by name."""
    if one.passage == other.passage or (one.document and one.document == other.document):
        return True
    names = {word.name for word in one.reading.words if word.kind in RIVAL_KINDS}
    return any(word.name in names for word in other.reading.words)


def _by_clauses(claim: Reading, prose: Sequence[Evidence]) -> list[tuple[float, Pairing]]:
    """Return the sentence cut into two or three clauses, each with a sentence of its own, and how much the poorest clause has of it."""
    breaks = [(start, end) for start, end in claim.breaks if not _BINDS.match(claim.text[start:end].strip(" ,"))][:BREAKS_TRIED]
    edges = [(0, 0), *breaks, (len(claim.text), len(claim.text))]
    best: dict[tuple[int, int], list[tuple[float, Reading, Evidence]]] = {}
    for first, last in combinations(range(len(edges)), 2):
        part = read(claim.text[edges[first][1] : edges[last][0]].strip()) if last - first < len(edges) - 1 else claim
        if (
            part is claim
            or not part.words
            or len(part.words) + (len(part.figures) if first else 0) < 2
            or (_is_adjunct(part) and not (first and part.figures))
        ):
            continue
        ranked = sorted(((_held(part, it.reading, it.context), part, it) for it in prose), key=lambda entry: -entry[0])
        best[first, last] = [entry for entry in ranked[:EACH] if entry[0] >= HELD]
    cuts: list[tuple[int, ...]] = [(0, n, len(edges) - 1) for n in range(1, len(edges) - 1)]
    cuts += [(0, n, m, len(edges) - 1) for n, m in combinations(range(1, len(edges) - 1), 2)]
    found = []
    for cut in cuts:
        for clauses in product(*(best.get(span, []) for span in pairwise(cut))):
            resting = {id(it): it for _, _, it in clauses}
            if len(resting) == len(clauses) and _may_rest(clauses):
                found.append((min(held for held, _, _ in clauses) - 0.05 * len(clauses), clauses))
    found.sort(key=lambda entry: -entry[0])
    return [(held, tuple(_leaning(clauses))) for held, clauses in found[:CLAUSED_CHECKED]]


def _may_rest(clauses: Sequence[tuple[float, Reading, Evidence]]) -> bool:
    """Whether clauses may rest on these sentences: of one document, or two well-held ones that speak of the same thing by name."""
    one, *others = (evidence for _, _, evidence in clauses)
    if all(other.passage == one.passage or (other.document and other.document == one.document) for other in others):
        return len(clauses) < 3 or all(len(part.words) >= 3 for _, part, _ in clauses)
    return len(clauses) == 2 and min(held for held, _, _ in clauses) > HELD_ELSEWHERE and _may_join(one, others[0])


def _leaning(clauses: Sequence[tuple[float, Reading, Evidence]]) -> Iterator[tuple[Reading, Evidence]]:
    """The clauses with their evidence; what the other clauses rest on lends a body and its year, as a heading does."""
    for _, part, evidence in clauses:
        others = [it.reading for _, _, it in clauses if it is not evidence and it.document == evidence.document]
        lent = " ".join(text for other in others for text in lent_by(other, part))
        yield part, replace(evidence, origin=read(f"{evidence.origin.text} {lent}")) if lent else evidence


def lent_by(other: Reading, part: Reading) -> list[str]:
    """Return what a sentence lends to a clause that rests on another one: bodies, and a year where the clause has the name it stands with."""
    years = [figure for figure in other.figures if figure.unit == "" and figure.low == figure.high and 1900 <= figure.low <= 2100]
    named = [
        word
        for word in other.words
        if (word.kind == "body" or (not word.name and word.text[:1].isupper() and word.start)) and has(part, word)
    ]
    beside = [
        other.text[year.start : year.end]
        for year in years
        if any(0 <= year.start - word.end <= YEAR_REACH or 0 <= word.start - year.end <= YEAR_REACH for word in named)
    ]
    return [word.text for word in other.words if word.kind == "body"] + beside


def _is_adjunct(part: Reading) -> bool:
    """Whether a part is no clause of its own ("according to NICE", "in myeloma"): it belongs to the other part, and to that one's evidence."""
    return bool(_ADJUNCT.match(part.text)) and not part.breaks
