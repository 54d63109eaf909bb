"""Question -> the same text with everything blanked that is not said to be so, now, of somebody.

After the ConText algorithm (Harkema et al. 2009): negation, the past, suppositions, questions in general. The cues stand in `assertion.yaml`.
Blanking keeps every place: what is left can be searched with plain patterns. Knows no symptom and no disease.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import yaml

from rag.spelling import normalise

ASSERTION_FILE = Path(__file__).with_name("assertion.yaml")
BLANK = "·"  # no letter and no punctuation: neither a word nor the end of a sentence

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_SEGMENT_END = re.compile(
    r",\s|\s[-–—]\s|[:;]\s|\b(?:but|and now|and then|now|today"
    r"|(?:as|because|since|cos|now that|given that) (?=(?:my|his|her|i|he|she|the)\b)"
    r"|and (?=(?:my|i|he|she|his|her|has|have|is|are|can't|cannot|was|were)\b))"
)
_STOP = re.compile(r"[.,;:!?](?=\s|$)|\s[-–—]\s|\)")
_LIST = re.compile(r"(?:,\s[^,.;:!?]{1,40}){0,5},?\s(?:or|nor|and)\s[^,.;:!?]{1,40}")
_WORDS = re.compile(r"[^.;!?]+")
_LEAD = re.compile(r"\s*(?:(?:and|so|but|please|hi|hello|ok|also),?\s+)*")
_COMMA = re.compile(r"[,:–-]\s+")
_OWN = re.compile(r"\b(?:my|his|her) (?:own )?(?:legs?|feet|arms?|bladder|back|dad|mum|husband|wife)\b|\bi (?:can't|cannot)\b")
_DENIED_CHARS = 40  # what is said to be over or ruled out stands so shortly before
_REACH = 250  # no supposition reaches further; keeps a long text fast
_SCOPE_CHARS = 70  # a negation reaches so far, about ten words


@dataclass(frozen=True, slots=True)
class Statement:
    """A question in lower case: as read, without what is denied, and without all that is not asserted."""

    read: str
    undenied: str
    asserted: str


def whole_words(patterns: list[str], named: dict[str, list[str]] | None = None) -> re.Pattern[str]:
    """Return one pattern for any of the patterns as whole words; {name} becomes the list of that name, "…" up to four words."""

    def fill(pattern: str) -> str:
        for name, others in (named or {}).items():
            if "{" + name + "}" in pattern:
                pattern = pattern.replace("{" + name + "}", "(?:" + "|".join(fill(other) for other in others) + ")")
        return pattern.replace(" … ", r"(?:\s+[^\s.;!?]+){0,4}?\s+")

    return re.compile(r"(?<![\w'])(?:" + "|".join(fill(pattern) for pattern in patterns) + r")(?!\w|'t\b)")


@lru_cache(maxsize=1)
def _cues() -> dict[str, re.Pattern[str]]:
    table = yaml.safe_load(ASSERTION_FILE.read_text(encoding="utf-8"))
    lists = {name: patterns.splitlines() for name, patterns in table.items() if name not in {"contractions", "spelling"}}
    return {name: whole_words(patterns, lists) for name, patterns in lists.items()}


def read(question: str) -> Statement:
    """Return what a question says to be so, now, of somebody.

    Example: "No pain, but my legs are weak" -> asserted "No ····, but my legs are weak", in lower case
    """
    text = normalise(question)
    denied = _denied(text)
    undenied = _blanked(text, denied)
    if _cues()["teaching"].search(text) and not _own_case(text):
        return Statement(text, undenied, BLANK * len(text))
    spans = [*denied]
    for start, end in _sentences(text):
        spans += _not_told(undenied, start, end)
    return Statement(text, undenied, _blanked(text, spans))


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in sorted(spans):
        if end > done:
            start = max(start, done)
            parts += [text[done:start], _WORDS.sub(lambda words: BLANK * len(words[0]), text[start:end])]
            done = end
    return "".join([*parts, text[done:]])


def _sentences(text: str) -> list[tuple[int, int]]:
    places = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    return [(start, end) for start, end in pairwise(places) if start < end]


def _segments(text: str, start: int, end: int) -> list[tuple[int, int]]:
    places = sorted({start, end, *(match.start() for match in _SEGMENT_END.finditer(text, start, end))})
    return list(pairwise(places))


def names_a_person(statement: Statement) -> bool:
    """Whether somebody in particular is told of."""
    return any(_cues()[cue].search(statement.asserted) for cue in ("person", "described"))


# -- what is denied


def _denied(text: str) -> list[tuple[int, int]]:
    cues = _cues()
    spans = [(cue.end(), _scope_end(text, cue.end())) for cue in cues["negation"].finditer(text)]
    for match in cues["denied_after"].finditer(text):
        sentence = max((end.end() for end in _SENTENCE_END.finditer(text, 0, match.start())), default=0)
        segment = _segments(text, sentence, match.start())[-1][0] if sentence < match.start() else sentence
        spans.append((max(segment, match.start() - _DENIED_CHARS), match.start()))
    return spans


def _scope_end(text: str, start: int) -> int:
    """Where a negation ends: at punctuation or a new statement, but "no weakness, numbness or pain" denies the whole list."""
    limit = min(len(text), start + _SCOPE_CHARS)
    stop = _STOP.search(text, start, limit)
    new = _cues()["negation_ends"].search(text, start, limit)
    end = min(stop.start() if stop else limit, new.start() if new else limit)
    if end < len(text) and text[end] == ",":
        listed = _LIST.match(text, end)
        if listed and not _cues()["new_statement"].search(listed[0]):
            return listed.end()
    return end


# -- what is not told: asked in general, supposed, over


def _not_told(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [*_supposed(text, start, end), *_past(text, start, end), *_asked(text, start, end)]


def _supposed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cues = _cues()
    spans = [(cue.end(), _list_end(text, cue.end(), end)) for cue in cues["hypothetical"].finditer(text, start, end)]
    for cue in cues["if"].finditer(text, start, end):
        if not cues["if_real"].match(text[cue.end() : cue.end() + _SCOPE_CHARS].lstrip()):
            spans.append((cue.end(), _segment_end(text, cue.start(), end)))
    return spans


def _asked(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What a sentence asks or says of people in general."""
    cues = _cues()
    sentence = text[start:end]
    if cues["impersonal"].search(sentence) and not _own_case(sentence):
        return [(start, end)]
    asked = _question_start(text, start, end)
    if asked is None:
        return [(start, end)] if _is_general(sentence) else []
    spans = [] if _of_somebody(text[asked:end]) else [(asked, end)]
    before = text[start:asked]
    about_people = cues["generic_case"].match(before.strip()) or cues["generic"].match(before.strip())
    if about_people and not cues["acute_strict"].search(before) and not cues["person"].search(sentence):
        spans.append((start, asked))
    return spans


def _is_general(sentence: str) -> bool:
    """Whether a sentence without a question word is on people in general, or a headline with a question mark."""
    cues = _cues()
    if cues["person"].search(sentence):
        return False
    described = bool(cues["described"].search(sentence))
    headline = described and sentence.strip().endswith("?") and not cues["acute"].search(sentence)
    return headline or bool(not described and cues["generic"].search(sentence) and not cues["acute_strict"].search(sentence))


def _of_somebody(asked: str) -> bool:
    """Whether a question tells of a person's state: "why are my legs numb", "why numb legs since Monday", not "why are legs numb"."""
    cues = _cues()
    if cues["person"].search(asked) or (cues["described"].search(asked) and cues["case_number"].search(asked)):
        return True
    return bool(cues["acute_strict"].search(asked) and not cues["generic"].search(asked))


def _question_start(text: str, start: int, end: int) -> int | None:
    """Where a sentence begins to ask, if it does."""
    cues = _cues()
    lead = _LEAD.match(text, start, end)
    first = lead.end() if lead else start
    if cues["question"].match(text, first, end):
        return first
    ends = (place.end() for place in _COMMA.finditer(text, start, end))
    return next((place for place in ends if cues["inner_question"].match(text, place, end)), None)


def _segment_end(text: str, place: int, end: int) -> int:
    reach = min(end, place + _REACH)
    match = _SEGMENT_END.search(text, place + 1, reach)
    return match.start() if match else reach


def _list_end(text: str, place: int, end: int) -> int:
    """Where a supposition ends: "look out for weak legs, numbness and pain" goes on until something is told of somebody."""
    stop = _segment_end(text, place, end)
    while stop < end:
        following = _segment_end(text, stop + 1, end)
        if _cues()["new_statement"].search(text, stop, following):
            return stop
        stop = following
    return stop


def _past(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cues = _cues()
    segments = _segments(text, start, end)
    spans = []
    for first, last in segments:
        if cues["past"].search(text, first, last) and not cues["present"].search(text, first, last):
            spans.append((first, last))
    for cue in cues["past_before"].finditer(text, start, end):
        spans.append((cue.end(), min(_segment_end(text, cue.end(), end), cue.end() + 30)))
    opening = cues["past"].search(text, start, min(end, start + 30))
    if opening and opening.start() <= start + 12 and not cues["present"].search(text, start, end):
        spans.append((start, end))
    over = cues["recovered"].search(text, start, end)
    if over:
        before = max((begin for begin, stop in _sentences(text) if stop <= start), default=start)
        spans += [part for part in _segments(text, before, over.start()) if not cues["acute"].search(text, *part)]
    return spans


def _own_case(text: str) -> bool:
    """Whether a text for study also tells of somebody ill: "revising, but my legs are numb"."""
    return bool(_OWN.search(text))
