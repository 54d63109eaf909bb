"""Text as the rooms share it: sentences with offsets, tokens with one spelling, content words. Pure functions, no vocabulary of the field.

Base of the house, below every room. The field's names and abbreviations are in `rag/terms.py`, figures with units in `rag/figures.py`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.schema import Span

if TYPE_CHECKING:
    import pysbd
    import Stemmer

_TOKEN = re.compile(r"[^\W_]+(?:[.,/'-][^\W_]+)*")

# British spellings to American ones, as stems of words; both sides of every comparison go through this, so direction is of no matter.
_SPELLING = (
    (re.compile(r"aemi(?=[ac])"), "emi"),
    (re.compile(r"haem"), "hem"),
    (re.compile(r"oedem"), "edem"),
    (re.compile(r"oesoph"), "esoph"),
    (re.compile(r"paed"), "ped"),
    (re.compile(r"orthopaed"), "orthoped"),
    (re.compile(r"tumour"), "tumor"),
    (re.compile(r"favour"), "favor"),
    (re.compile(r"behaviour"), "behavior"),
    (re.compile(r"colour"), "color"),
    (re.compile(r"fibre"), "fiber"),
    (re.compile(r"centre"), "center"),
    (re.compile(r"litre"), "liter"),
    (re.compile(r"metre"), "meter"),
    (re.compile(r"labelled"), "labeled"),
    (re.compile(r"(?<=[a-z]{3})is(?=(e|ed|es|ing|ation|ations)$)"), "iz"),
    (re.compile(r"diarrhoea"), "diarrhea"),
    (re.compile(r"leukaem"), "leukem"),
    (re.compile(r"gynaec"), "gynec"),
    (re.compile(r"ischaem"), "ischem"),
    (re.compile(r"sulph"), "sulf"),
    (re.compile(r"(?<=[a-z]l)ys(?=(e|ed|es|ing)$)"), "yz"),
    (re.compile(r"anaesth"), "anesth"),
    (re.compile(r"noea"), "nea"),
    (re.compile(r"^aetio"), "etio"),
    (re.compile(r"(?<=neighb)our|(?<=lab)our|(?<=harb)our|(?<=vap)our"), "or"),
)

STOP_WORDS = frozenset(
    """a an and are as at be been being but by can could did do does doing done for from get gets getting got had has have having he her hers
    him his how i if in into is it its itself just me mine my myself of on or our ours out please she should so some tell than that the their
    them then there these they this those to too us very was we were what when where which while who whom whose why will with would you your
    yours about also am any because before between both each few more most much must need needs other over own same such through until up
    there's what's it's i'm does don't mean means give given use used using may might explain describe say says said know want like
    dad mum mom father mother wife husband patient patients person people someone""".split()  # noqa: SIM905 - a list of 150 quoted words is harder to read
)


def collapse(text: str) -> str:
    """Return text with every run of white space as one space: how a passage's words are compared and shown."""
    return " ".join(text.split())


def split_sentences(block: str) -> list[Span]:
    """Split a block of running text into sentences.

    Example: "Give 4 mg. Check creatinine." -> spans of "Give 4 mg." and "Check creatinine."

    Args:
        block: A paragraph or bullet, without Markdown block markers.

    Returns:
        Spans within `block`, in order, without surrounding white space; together they hold every character that is not white space.
    """
    spans = []
    for piece in _segmenter().segment(re.sub(r"\s", " ", block)):  # a line break within a paragraph ends no sentence
        start, end = _trim(block, piece.start, piece.end)
        if start < end:
            spans.append(Span(start, end))
    merged = _split_missed_breaks(block, _merge_false_breaks(block, spans))
    held = sum(len("".join(block[span.start : span.end].split())) for span in merged)
    if held < len("".join(block.split())):  # the splitter lost something: one sentence is better than a lost word
        start, end = _trim(block, 0, len(block))
        return [Span(start, end)] if start < end else []
    return merged


def tokens(text: str) -> list[str]:
    """Return lower-case tokens with American spelling, figures and hyphenated codes kept whole ("ng234", "3.5", "12-weekly" as parts).

    Example: "Hypercalcaemia: 3.5 mmol/L" -> ["hypercalcemia", "3.5", "mmol/l"]
    """
    found: list[str] = []
    for match in _TOKEN.finditer(text.lower().replace("’", "'")):
        token = match.group()
        parts = token.split("-") if "-" in token else [token]
        found.extend(unify_spelling(part.removesuffix("'s")) for part in parts if part)
    return found


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order, repeats included."""
    return [stem(token) for token in tokens(text) if token not in STOP_WORDS and (len(token) > 1 or token.isdigit())]


@lru_cache(maxsize=50_000)
def stems_of(text: str) -> frozenset[str]:
    """Return the set of `content_stems`, remembered: the sentences and headings of passages are asked for again and again."""
    return frozenset(content_stems(text))


def asking_part(question: str) -> str:
    """Return the sentences that ask something, and the subject in brackets that a follow-up carries; the whole where all or none of them ask.

    Example: "A man of 60 with an L1 metastasis. What does a SINS of 9 mean?" -> "What does a SINS of 9 mean?"
    """
    sentences = [question[span.start : span.end] for span in split_sentences(question)]
    asking = [sentence for sentence in sentences if sentence.rstrip(")\"' ").endswith("?") or sentence.startswith("(")]
    asks = any("?" in sentence for sentence in asking)
    return " ".join(asking) if asks and len(asking) < len(sentences) else question


@lru_cache(maxsize=50_000)
def unify_spelling(token: str) -> str:
    """Return a lower-case token in one spelling ("tumour" and "tumor" -> "tumor")."""
    for pattern, replacement in _SPELLING:
        token = pattern.sub(replacement, token)
    return token


@lru_cache(maxsize=50_000)
def stem(token: str) -> str:
    """Return the Snowball stem of a token; figures and codes stay as they are."""
    if any(character.isdigit() for character in token):
        return token
    return str(_stemmer().stemWord(token))


def stems(words: Iterable[str]) -> set[str]:
    """Return the set of stems of all tokens in some texts."""
    return {stem(token) for word in words for token in tokens(word)}


@lru_cache(maxsize=1)
def _stemmer() -> "Stemmer.Stemmer":
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=1)
def _segmenter() -> "pysbd.Segmenter":
    import pysbd

    return pysbd.Segmenter(language="en", clean=False, char_span=True)


# The library breaks after these; a sentence of ours never ends there, or does not when a small letter or a figure follows.
_NEVER_BREAK_AFTER = re.compile(r"\b(?:approx|figs?|tabs?|sects?|eqs?|refs?|vols?|vs|e\.g|i\.e)\.$", re.IGNORECASE)
_NO_BREAK_AFTER = re.compile(r"\b(?:ca|resp|min|max|no|sec|i\.v|s\.c|al)\.$", re.IGNORECASE)
# The library takes a single capital for an initial ("vitamin D. Check ...") and does not break there.
_MISSED_BREAK = re.compile(r"\b(?:vitamin|grade|level|type|class|group|stage|category|hepatitis) [A-Z]\.(?=\s+[A-Z])", re.IGNORECASE)


def _merge_false_breaks(block: str, spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        before = block[merged[-1].start : merged[-1].end] if merged else ""
        next_is_small = block[span.start].islower() or block[span.start].isdigit()
        if merged and (_NEVER_BREAK_AFTER.search(before) or (_NO_BREAK_AFTER.search(before) and next_is_small)):
            merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return merged


def _split_missed_breaks(block: str, spans: list[Span]) -> list[Span]:
    found = []
    for span in spans:
        start = span.start
        for match in _MISSED_BREAK.finditer(block, span.start, span.end):
            found.append(Span(start, match.end()))
            start = _trim(block, match.end(), span.end)[0]
        found.append(Span(start, span.end))
    return [span for span in found if span.start < span.end]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
