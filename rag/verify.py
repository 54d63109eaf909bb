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
from rag.terms import Term, absent_subjects, find_terms, synonyms
from rag.text import collapse, content_stems

MIN_COVERAGE = 0.70  # share of the sentence's content words that its evidence (or the heading) must hold
MAX_NEW_WORDS = 1  # content words that neither the evidence nor its heading has; two are an added claim
MIN_COSINE = 0.50  # nearness in meaning below which the words agree by chance
WINDOWS_CHECKED = 6  # evidence candidates looked at, nearest first
STRICT_KINDS = {"drug", "body", "score", "tumour", "site", "imaging", "treatment", "condition"}

_NEGATION = re.compile(
    r"\b(no|not|never|none|neither|nor|without|cannot|can't|don't|doesn't|isn't|aren't|won't|shouldn't|mustn't|fails? to|failed to|avoid(?:ed|s|ing)?|"
    r"unlikely|lacks?|lacking|insufficient|absent|absence|rarely|seldom|contraindicated|against|unable|stop(?:ped|s|ping)?|exclud\w+|rule[sd]? out|refus\w+|"
    r"unnecessary|impossible|inhibit\w*|block(?:s|ed|ing)?|keeps?\b[^.]{0,60}\bfrom|non-\w+)\b",
    re.IGNORECASE,
)
# Bounds that are worded with a negation ("no less than"): figures compare them, they negate nothing.
_BOUND = re.compile(r"\b(?:no|not|never) (?:be )?(?:less|more|fewer|longer|later|greater|higher|earlier) than\b", re.IGNORECASE)
# Words that make a statement absolute: a sentence may not have one that its evidence lacks.
_ABSOLUTE = re.compile(r"\b(?:never|always|all|every|only|any|none|must|cures?|guarantee\w*)\b", re.IGNORECASE)
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
    (r"prolong\w*|lengthen\w*|extend\w*", r"shorten\w*|cut\w* short"),
    (r"most", r"least"),
    (r"activat\w+|stimulat\w+", r"inhibit\w*|block\w*|suppress\w*"),
    (r"complicated", r"uncomplicated"),
    (r"follow(?:s|ed)? by|precedes?", r"should follow|follows"),
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
    parts: tuple[str, ...]  # its one or two sentences
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
    stems = set(content_stems(_without_figures(text)))  # figures are compared as figures: "one day" is "24 hours"
    if not stems:
        return Verdict(False, 0.0, (), "the sentence states nothing that could be checked")
    windows = _nearest_windows(stems, passages)
    if not windows:
        return Verdict(False, 0.0, (), "there is no passage to support it")
    vectors = encode([text, *(window.text for window in windows)])
    cosines = vectors[1:] @ vectors[0]
    judged = [_judge(text, stems, window, float(cosine)) for window, cosine in zip(windows, cosines, strict=True)]
    return max(judged, key=lambda verdict: (verdict.supported, verdict.support, -len(verdict.quotes)))


def _without_figures(text: str) -> str:
    rest, at = [], 0
    for figure in find_figures(text):
        rest.append(text[at : figure.start])
        at = max(at, figure.end)
    return " ".join([*rest, text[at:]])


def _judge(text: str, stems: set[str], window: _Window, cosine: float) -> Verdict:
    covered = _coverage(stems, window)
    support = round(min(1.0, max(0.0, (covered + max(cosine, 0.0)) / 2)), 3)
    quotes = tuple(Quote(window.passage, span) for span in window.spans)
    problem = (
        _figure_problem(text, window)
        or _pairing_problem(text, window)
        or _name_problem(text, window)
        or _absolute_problem(text, window)
        or _negation_problem(text, window)
        or _direction_problem(text, window)
        or ("it says more than its nearest passage" if covered < MIN_COVERAGE or _new_words(stems, window) > MAX_NEW_WORDS else "")
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
        singles = [_window(passage, place, (span,), context) for span in passage.sentences]
        ordered = sorted(singles, key=lambda window: -_coverage(stems, window))
        # Two rows of a table are never put together: each is a statement of its own.
        prose = [window for window in ordered if not window.text.startswith("|")]
        pairs = [
            _window(passage, place, tuple(sorted((*prose[0].spans, *other.spans), key=lambda span: span.start)), context)
            for other in prose[1:3]
        ]
        windows.extend((_coverage(stems, window), len(window.spans), window) for window in [*ordered[:3], *pairs])
    windows.sort(key=lambda entry: (-entry[0], entry[1]))
    return [window for _, _, window in windows[:WINDOWS_CHECKED]]


def _window(passage: Passage, place: int, spans: tuple[Span, ...], context: str) -> _Window:
    parts = tuple(collapse(passage.text[span.start : span.end]) for span in spans)
    return _Window(place, spans, " ".join(parts), parts, context)


def _coverage(stems: set[str], window: _Window) -> float:
    held = _held(window)
    context = set(content_stems(window.context))
    return sum(1.0 if stem in held else 0.5 if stem in context else 0.0 for stem in stems) / len(stems)


def _new_words(stems: set[str], window: _Window) -> int:
    """Return how many words of a sentence neither its evidence nor the heading has; figures are compared elsewhere."""
    known = _held(window) | set(content_stems(window.context)) | _synonym_stems(window.context)
    return sum(stem not in known and not any(character.isdigit() for character in stem) for stem in stems)


def _held(window: _Window) -> set[str]:
    return set(content_stems(window.text)) | _synonym_stems(window.text)


def _synonym_stems(text: str) -> set[str]:
    return {stem for term in find_terms(text) for word in synonyms(term.name) for stem in content_stems(word)}


def _figure_problem(text: str, window: _Window) -> str:
    """A sentence with figures needs one sentence that states it whole: figures of two rows put together make a third statement."""
    problem = _missing_figure(text, window.text, window.context)
    if not problem and len(window.parts) > 1 and find_figures(text):
        return "its figures stand in different sentences of its nearest passage"
    return problem


def _missing_figure(text: str, evidence: str, context: str) -> str:
    stated = find_figures(evidence)
    years = {str(figure.low)[:4] for figure in find_figures(context) if _is_year(figure)}
    for figure in find_figures(text):
        if any(same_figure(figure, other) for other in stated):
            continue
        if _is_year(figure) and str(figure.low)[:4] in years:
            continue
        return f"the figure {text[figure.start : figure.end].strip()!r} is not in its nearest passage"
    return ""


def _pairing_problem(text: str, window: _Window) -> str:
    """Where the evidence gives figures of several drugs, each figure must stand nearest to the same drug in both."""
    drugs = {term.name for term in find_terms(window.text) if term.kind == "drug"}
    if len(drugs) < 2:
        return ""
    stated = _nearest_drugs(window.text)
    for figure, drug in _nearest_drugs(text):
        partners = {other_drug for other, other_drug in stated if same_figure(figure, other)}
        if partners and drug and drug not in partners:
            return f"the figure {text[figure.start : figure.end].strip()!r} belongs to another drug in its nearest passage"
    return ""


def _nearest_drugs(text: str) -> list[tuple[Figure, str]]:
    drugs = [term for term in find_terms(text) if term.kind == "drug"]
    found = []
    for figure in find_figures(text):
        nearest = min(drugs, key=lambda term: min(abs(term.start - figure.end), abs(figure.start - term.end)), default=None)
        found.append((figure, nearest.name if nearest else ""))
    return found


def _absolute_problem(text: str, window: _Window) -> str:
    stated = {match.lower() for match in _ABSOLUTE.findall(window.text)}
    new = [match for match in _ABSOLUTE.findall(text) if match.lower() not in stated]
    return f"{new[0]!r} makes it more absolute than its nearest passage" if new else ""


def _name_problem(text: str, window: _Window) -> str:
    in_window = {(term.kind, term.name) for term in find_terms(window.text)}
    in_context = {(term.kind, term.name) for term in find_terms(window.context)}
    for term in find_terms(text):
        if term.kind not in STRICT_KINDS or (term.kind, term.name) in in_window:
            continue
        if (term.kind, term.name) in in_context and not _rival(term, in_window):
            continue
        return f"{text[term.start : term.end]!r} is not named in its nearest passage"
    absent = absent_subjects(text, [window.text, window.context])
    if absent:
        return f"{absent[0]!r} is not named in its nearest passage"
    codes = set(re.findall(r"\b[A-Z]{1,4}-?\d+(?:-[A-Z]?\d+)?\b", text))
    unknown = codes - set(re.findall(r"\b[A-Z]{1,4}-?\d+(?:-[A-Z]?\d+)?\b", f"{window.text} {window.context}"))
    return f"{min(unknown)!r} is not named in its nearest passage" if unknown else ""


def _rival(term: Term, in_window: set[tuple[str, str]]) -> bool:
    """Whether the evidence names another of the same kind: then the heading must not lend the name."""
    return term.kind in {"drug", "body", "score", "tumour"} and any(kind == term.kind for kind, _ in in_window)


def _negation_problem(text: str, window: _Window) -> str:
    claimed, stated = _negations(text), _negations(window.text)
    if len(window.spans) == 1 and claimed and stated and claimed != stated:
        return "it negates more or less often than its nearest passage"
    if bool(claimed) == bool(stated):
        return ""
    # Of two sentences taken together, one may hold a negation that the other does not need; still in doubt, so unsupported.
    return "it negates what its nearest passage states" if claimed else "it leaves out a negation of its nearest passage"


def _negations(text: str) -> int:
    return len(_NEGATION.findall(_BOUND.sub("", text)))


def _direction_problem(text: str, window: _Window) -> str:
    for one, other in _OPPOSITE_PATTERNS:
        for side, opposite in ((one, other), (other, one)):
            found = side.search(text)
            if found and not opposite.search(text) and opposite.search(window.text) and not side.search(window.text):
                return f"{found.group()!r} turns round what its nearest passage says"
    return ""


def _is_year(figure: Figure) -> bool:
    return figure.unit == "" and figure.low == figure.high and 1900 <= figure.low <= 2100 and figure.low == int(figure.low)
