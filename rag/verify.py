"""sentence + Passages -> Verdict: do the passages state this, and by which words?

Aligns the sentence with one or two sentences of a passage, then checks what a minimal edit would change: figures with units, names, negation,
direction, and words that the passage does not have. Similarity alone is worse than chance on minimal edits, so it only chooses where to look and
guards against far-off passages. A false alarm costs fluency, a miss costs trust: in doubt the verdict is "unsupported". Sentences that are quoted
word for word do not come here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.figures import Figure, find_figures, same_figure
from rag.schema import Passage, Quote, Span, Verdict
from rag.terms import Term, find_terms, synonyms
from rag.text import collapse, content_stems

MIN_COVERAGE = 0.70  # share of the sentence's content words that its evidence (or the heading) must hold
MIN_COSINE = 0.50  # nearness in meaning below which the words agree by chance
WINDOWS_CHECKED = 6  # evidence candidates looked at, nearest first
STRICT_KINDS = {"drug", "body", "score", "tumour", "site", "imaging", "treatment", "condition"}

_NEGATION = re.compile(
    r"\b(no|not|never|none|neither|nor|without|cannot|can't|don't|doesn't|isn't|aren't|won't|shouldn't|mustn't|fails? to|failed to|avoid(?:ed|s|ing)?|"
    r"unlikely|lacks?|lacking|insufficient|absent|absence|rarely|seldom|contraindicated|against|unable|stop(?:ped|s|ping)?|exclud\w+|rule[sd]? out|refus\w+|"
    r"unnecessary|not recommended|impossible|non-\w+)\b",
    re.IGNORECASE,
)
# Pairs that turn a statement round. A sentence that has only one side, where its evidence has only the other, is another statement.
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"increas\w*|rais\w+|rises?|rose|higher|more often|elevat\w+|grow\w*|gain\w*", r"decreas\w*|reduc\w+|lower\w*|falls?|fell|less often|drop\w*|declin\w+|diminish\w*"),
    (r"above|over|more than|greater than|at least|exceed\w*|or more|minimum|no less than", r"below|under|less than|fewer than|at most|up to|or less|maximum|no more than"),
    (r"before|prior to|first|preced\w+", r"after|following|later|once"),
    (r"start\w*|begin\w*|initiat\w+|continu\w+", r"stop\w*|withh\w+|discontinu\w+|ceas\w+|end(?:s|ed|ing)?"),
    (r"stable", r"unstable"),
    (r"osteolytic|lytic", r"osteoblastic|blastic|sclerotic"),
    (r"upper", r"lower"),
    (r"strong(?:ly)?", r"conditional(?:ly)?|weak(?:ly)?"),
    (r"sensitiv\w+", r"specific\w*"),
    (r"benefit\w*|improv\w+|better|superior|relie\w+", r"harm\w*|worsen\w*|worse|inferior"),
    (r"early|earlier", r"late|later|delay\w*"),
    (r"with", r"without"),
    (r"symptomatic|symptoms", r"asymptomatic|symptom-free|no symptoms|without symptoms"),
    (r"most|majority|usually|common(?:ly)?|often|frequent(?:ly)?", r"few|minority|rare(?:ly)?|seldom|uncommon(?:ly)?|less common(?:ly)?"),
    (r"intravenous\w*|infusion|iv|i\.v\.", r"subcutaneous\w*|under the skin|oral(?:ly)?|by mouth|intramuscular\w*"),
    (r"adults?", r"child\w*|adolescents?|paediatric|pediatric"),
    (r"men|male", r"women|female"),
    (r"always|every|all", r"some|sometimes"),
    (r"should|must|is recommended|are recommended|recommends?|advises?", r"may|can be considered|consider\w*|optional(?:ly)?|is an option"),
    (r"temporary|reversible", r"permanent|irreversible"),
    (r"single|one", r"multiple|several"),
    (r"current(?:ly)?", r"superseded|replaced|withdrawn|former(?:ly)?"),
)  # fmt: skip
_OPPOSITE_PATTERNS = tuple(
    (re.compile(rf"\b(?:{one})\b", re.IGNORECASE), re.compile(rf"\b(?:{other})\b", re.IGNORECASE)) for one, other in _OPPOSITES
)


@dataclass(frozen=True, slots=True)
class _Window:
    """One sentence of a passage, or two of its sentences taken together, as possible evidence."""

    passage: int
    spans: tuple[Span, ...]
    text: str
    context: str  # title, section and body of the document: may supply a name, never a figure


def verify(sentence: str, passages: Sequence[Passage], *, encode: Callable[[list[str]], np.ndarray]) -> Verdict:
    """Judge whether passages support a sentence.

    Args:
        sentence: One sentence, as a model worded it.
        passages: Passages it may rest on.
        encode: Texts to (n, dim) unit vectors, for nearness in meaning.

    Returns:
        A verdict whose quotes are the supporting words. `support` is the mean of word coverage and cosine similarity, at most 0.49 when a check
        failed; `reason` names the failed check of the nearest evidence.
    """
    text = collapse(sentence)
    stems = set(content_stems(text))
    if not stems:
        return Verdict(False, 0.0, (), "the sentence states nothing that could be checked")
    windows = _nearest_windows(stems, passages)
    if not windows:
        return Verdict(False, 0.0, (), "there is no passage to support it")
    vectors = encode([text, *(window.text for window in windows)])
    cosines = vectors[1:] @ vectors[0]
    judged = [_judge(text, stems, window, float(cosine)) for window, cosine in zip(windows, cosines, strict=True)]
    return max(judged, key=lambda verdict: (verdict.supported, verdict.support, -len(verdict.quotes)))


def _judge(text: str, stems: set[str], window: _Window, cosine: float) -> Verdict:
    covered = _coverage(stems, window)
    support = round(min(1.0, max(0.0, (covered + max(cosine, 0.0)) / 2)), 3)
    quotes = tuple(Quote(window.passage, span) for span in window.spans)
    problem = (
        _figure_problem(text, window)
        or _name_problem(text, window)
        or _negation_problem(text, window)
        or _direction_problem(text, window)
        or ("it says more than its nearest passage" if covered < MIN_COVERAGE else "")
        or ("no passage is near it in meaning" if cosine < MIN_COSINE else "")
    )
    if problem:
        return Verdict(False, min(support, 0.49), quotes, problem)
    return Verdict(True, max(support, 0.5), quotes, "figures, names, negation and meaning agree with the passage")


def _nearest_windows(stems: set[str], passages: Sequence[Passage]) -> list[_Window]:
    """Return the windows that hold most of the sentence's words: single sentences, and the two of a passage that together hold most."""
    windows: list[tuple[float, int, _Window]] = []
    for place, passage in enumerate(passages):
        context = f"{passage.source.title} {passage.section} {passage.source.publisher} {passage.source.year or ''}"
        singles = [_Window(place, (span,), collapse(passage.text[span.start : span.end]), context) for span in passage.sentences]
        ordered = sorted(singles, key=lambda window: -_coverage(stems, window))
        pairs = [
            _Window(
                place,
                tuple(sorted((*ordered[0].spans, *other.spans), key=lambda span: span.start)),
                f"{ordered[0].text} {other.text}",
                context,
            )
            for other in ordered[1:3]
        ]
        windows.extend((_coverage(stems, window), len(window.spans), window) for window in [*ordered[:3], *pairs])
    windows.sort(key=lambda entry: (-entry[0], entry[1]))
    return [window for _, _, window in windows[:WINDOWS_CHECKED]]


def _coverage(stems: set[str], window: _Window) -> float:
    held = set(content_stems(window.text)) | _synonym_stems(window.text)
    context = set(content_stems(window.context))
    return sum(1.0 if stem in held else 0.5 if stem in context else 0.0 for stem in stems) / len(stems)


def _synonym_stems(text: str) -> set[str]:
    return {stem for term in find_terms(text) for word in synonyms(term.name) for stem in content_stems(word)}


def _figure_problem(text: str, window: _Window) -> str:
    stated = find_figures(window.text)
    years = {str(figure.low)[:4] for figure in find_figures(window.context) if _is_year(figure)}
    for figure in find_figures(text):
        if any(same_figure(figure, other) for other in stated):
            continue
        if _is_year(figure) and str(figure.low)[:4] in years:
            continue
        return f"the figure {text[figure.start : figure.end].strip()!r} is not in its nearest passage"
    return ""


def _name_problem(text: str, window: _Window) -> str:
    in_window = {(term.kind, term.name) for term in find_terms(window.text)}
    in_context = {(term.kind, term.name) for term in find_terms(window.context)}
    for term in find_terms(text):
        if term.kind not in STRICT_KINDS or (term.kind, term.name) in in_window:
            continue
        if (term.kind, term.name) in in_context and not _rival(term, in_window):
            continue
        return f"{text[term.start : term.end]!r} is not named in its nearest passage"
    codes = set(re.findall(r"\b[A-Z]{1,4}-?\d+(?:-[A-Z]?\d+)?\b", text))
    unknown = codes - set(re.findall(r"\b[A-Z]{1,4}-?\d+(?:-[A-Z]?\d+)?\b", f"{window.text} {window.context}"))
    return f"{min(unknown)!r} is not named in its nearest passage" if unknown else ""


def _rival(term: Term, in_window: set[tuple[str, str]]) -> bool:
    """Whether the evidence names another of the same kind: then the heading must not lend the name."""
    return term.kind in {"drug", "body", "score", "tumour"} and any(kind == term.kind for kind, _ in in_window)


def _negation_problem(text: str, window: _Window) -> str:
    if bool(_NEGATION.search(text)) == bool(_NEGATION.search(window.text)):
        return ""
    # Two sentences taken together may hold a negation that belongs to the other one.
    if len(window.spans) > 1 and not _NEGATION.search(text):
        return "its nearest passage holds a negation that it leaves out"
    return "it negates what its nearest passage states" if _NEGATION.search(text) else "it leaves out a negation of its nearest passage"


def _direction_problem(text: str, window: _Window) -> str:
    for one, other in _OPPOSITE_PATTERNS:
        for side, opposite in ((one, other), (other, one)):
            found = side.search(text)
            if found and not opposite.search(text) and opposite.search(window.text) and not side.search(window.text):
                return f"{found.group()!r} turns round what its nearest passage says"
    return ""


def _is_year(figure: Figure) -> bool:
    return figure.unit == "" and figure.low == figure.high and 1900 <= figure.low <= 2100 and figure.low == int(figure.low)
