"""Question + Passages -> the sentences that answer it, word for word, best first. No model, milliseconds.

Chooses among the ranked sentences (`sentences`) what is shown and what is offered to a model. Does not number citations; `cite` does.
"""

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from rag.figures import find_figures
from rag.schema import DraftSentence, Passage, Quote, Verdict
from rag.sentences import CONTRAST, RankedSentence, is_year, readable
from rag.terms import find_terms

VALUE_DROP = 0.45  # a sentence whose rank value is this far below the best one's is not shown; nothing nearer helped the dev questions
PICKED_DROP = 0.6  # the same for a sentence that only a model picked: a dose for another clearance is worse than none
# A word with capitals and figures in it, or one with a capital that begins no sentence.
_PROPER_NAME = re.compile(r"\b[A-Z][A-Za-z]*[.-]?\d[\w.]*\b|\b[A-Z]{2,}[\w-]*\b|(?<=[a-z,] )[A-Z][a-z]{2,}\b")
SAME_WORDS = 82.0  # rapidfuzz token_set_ratio above which two sentences say the same


def choose_sentences(question: str, ranked: Sequence[RankedSentence], *, max_sentences: int) -> list[RankedSentence]:
    """Choose the sentences of a verbatim answer: the best first, then what adds something and is nearly as near.

    A question that sets two names against each other gets at least one sentence for each name that any ranked sentence holds.
    """
    if not ranked:
        return []
    chosen = [ranked[0]]
    floor = ranked[0].value - VALUE_DROP
    for sentence in ranked[1:]:
        if len(chosen) == max_sentences or sentence.value < floor:
            break
        if not any(says_the_same(sentence.text, other.text) or _is_its_row(sentence, other) for other in chosen):
            chosen.append(sentence)
    if CONTRAST.search(question):
        chosen = _cover_names(question, ranked, chosen, max_sentences)
    return chosen


def candidates(ranked: Sequence[RankedSentence], *, max_sentences: int, max_chars: int) -> list[RankedSentence]:
    """Return the best ranked sentences to offer to a model: none that repeats a better one, and no more text than `max_chars` (two at least)."""
    kept: list[RankedSentence] = []
    chars = 0
    for sentence in ranked:
        if len(kept) == max_sentences or (len(kept) >= 2 and chars + len(sentence.text) > max_chars):
            break
        if not any(says_the_same(sentence.text, other.text) for other in kept):
            kept.append(sentence)
            chars += len(sentence.text)
    return kept


def merge(picked: Sequence[RankedSentence], chosen: Sequence[RankedSentence]) -> list[RankedSentence]:
    """Merge a model's choice with the verbatim answer: the order is the model's, the first sentence and the facts are the verbatim answer's.

    The first sentence of the verbatim answer stays first (the local model's first choice was right less often: .72 against .83 of 18 calibration
    questions), then what the model picked, then the rest. One sentence that only the model picked is added where its rank value is near enough; none of
    the verbatim answer is lost.
    """
    if not chosen:
        return list(picked)
    verbatim = [sentence.text for sentence in chosen]
    known = [sentence for sentence in picked if sentence.text in verbatim]
    near = [sentence for sentence in picked if sentence.value >= chosen[0].value - PICKED_DROP]
    new = [sentence for sentence in near if not any(says_the_same(sentence.text, text) for text in verbatim)][:1]
    merged: list[RankedSentence] = []
    for sentence in [chosen[0], *known, *new, *chosen]:
        if all(sentence.text != other.text for other in merged):
            merged.append(sentence)
    return merged


def lead_first(
    lead: DraftSentence, sentences: list[DraftSentence], ranked: Sequence[RankedSentence], passages: Sequence[Passage]
) -> list[DraftSentence]:
    """Put a lead sentence before the others, since a small model copies more often than it words: none that only repeats one of them, and none that rests
    on a sentence too far from the question to be shown. A lead that failed its check stays, to be told as withheld.
    """
    if lead.verdict.supported and (
        any(says_the_same(lead.text, sentence.text) for sentence in sentences) or not _rests_near(lead, ranked, passages)
    ):
        return sentences
    return [lead, *sentences]


def _rests_near(lead: DraftSentence, ranked: Sequence[RankedSentence], passages: Sequence[Passage]) -> bool:
    near = {sentence.text for sentence in ranked if sentence.value >= ranked[0].value - VALUE_DROP}
    return all(readable(passages[quote.passage].text[quote.span.start : quote.span.end]) in near for quote in lead.verdict.quotes)


def draft(sentences: Sequence[RankedSentence], passages: Sequence[Passage]) -> list[DraftSentence]:
    """Turn chosen sentences into a draft whose words and quotes are the library's own."""
    return [
        DraftSentence(
            text=sentence.text,
            origin="library",
            verdict=Verdict(
                True, 1.0, (Quote(sentence.passage, passages[sentence.passage].sentences[sentence.number]),), "quoted word for word"
            ),
        )
        for sentence in sentences
    ]


def says_the_same(one: str, other: str) -> bool:
    """Whether two sentences repeat each other: nearly the same words, and no figure, name or negation that only one of them has.

    Years and bodies may be added, not changed: "MRI within 24 hours" repeats "NICE (2023) says MRI within 24 hours".
    """
    if _facts(one) != _facts(other):
        return False
    bodies = [{term.name for term in find_terms(text) if term.kind == "body"} for text in (one, other)]
    if bodies[0] and bodies[1] and bodies[0] != bodies[1]:
        return False
    return fuzz.token_set_ratio(one.lower(), other.lower()) >= SAME_WORDS


def _is_its_row(row: RankedSentence, sentence: RankedSentence) -> bool:
    """Whether a table row states the figures of a sentence of the same passage: our tables stand beside their sentences."""
    return row.is_row and row.passage == sentence.passage and _facts(row.text)[0] == _facts(sentence.text)[0]


def _facts(text: str) -> tuple[frozenset[tuple[float, float, str, str]], frozenset[str], bool]:
    figures = frozenset((f.low, f.high, f.unit, f.comparator) for f in find_figures(text) if not is_year(f))
    names = frozenset(term.name for term in find_terms(text) if term.kind in {"drug", "score", "tumour"})
    return figures, names, bool(re.search(r"\b(not|no|never|without|against)\b", text, re.IGNORECASE))


def _cover_names(question: str, ranked: Sequence[RankedSentence], chosen: list[RankedSentence], max_sentences: int) -> list[RankedSentence]:
    names = _sides(question)
    if len(names) < 2:
        return chosen
    held = {sentence.text: _sides(sentence.text) for sentence in ranked}
    kept = list(chosen)
    for name in sorted(names):
        if any(name in held[sentence.text] for sentence in kept):
            continue
        best = next((sentence for sentence in ranked if name in held[sentence.text]), None)
        if best is None:
            continue
        if len(kept) == max_sentences:
            _drop_dispensable(kept, held, names)
        if len(kept) < max_sentences:
            kept.append(best)
    return kept


def _sides(text: str) -> set[tuple[str, str]]:
    """Return what a text may set against something else: names of the field, and of trials and documents ("SC.23", "NG234", "Gillespie")."""
    terms = [term for term in find_terms(text) if term.kind in {"drug", "body", "score", "imaging", "treatment"}]
    taken = [(term.start, term.end) for term in terms]
    others = {
        ("other", match.group().lower())
        for match in _PROPER_NAME.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in taken)
    }
    return {(term.kind, term.name) for term in terms} | others


def _drop_dispensable(kept: list[RankedSentence], held: dict[str, set[tuple[str, str]]], names: set[tuple[str, str]]) -> None:
    """Drop the last sentence that holds no asked name, or none that another one does not hold; drop nothing where there is none."""
    for sentence in reversed(kept):
        others = set().union(*(held[other.text] for other in kept if other is not sentence), set())
        if not (held[sentence.text] & names) - others:
            kept.remove(sentence)
            return
