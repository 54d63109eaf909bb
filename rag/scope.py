"""What a question asks for that its passages do not hold: aspects (price, children, storage ...) and named things that no sentence speaks of.

A library may hold the topic and not the answer: a sentence on denosumab says nothing of its price. The table `scope.yaml` names the aspects. Does not
say how near passages are to a question; `retrieve` does.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz.distance import DamerauLevenshtein

from rag.schema import Passage
from rag.terms import expansions, find_terms, synonyms
from rag.text import asking_part, content_stems, stem, stems_of, tokens

SCOPE_FILE = Path(__file__).with_name("scope.yaml")
SUBJECT_KINDS = frozenset({"drug", "score"})  # a sentence on another drug or score answers nothing on this one
STEM_ENDING = 3  # letters in which a word and its relative may differ: "Australia", "Australian"
MIN_PART = 6  # letters that a word must share with a known one to be made of the same parts
MAX_TYPING_ERRORS = 2
RARE_LETTERS, RARE_PIECES = 7, 3  # a word as long as this that the embedding model must cut in as many pieces is a technical name


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage, and its document's title and section, which say what the sentence is about."""

    sentence: str
    heading: str


@dataclass(frozen=True, slots=True)
class _Aspect:
    name: str
    asks: re.Pattern[str]
    unless: re.Pattern[str] | None
    answers: re.Pattern[str] | None  # None: the matched words themselves
    names: frozenset[str]  # kinds of names of which the sentence must hold all that the question has; empty: any drug or score


def evidence_of(passages: Sequence[Passage]) -> list[Evidence]:
    """Return all sentences of some passages with their headings."""
    return [
        Evidence(passage.sentence(number), f"{passage.source.title}. {passage.section}")
        for passage in passages
        for number in range(len(passage.sentences))
    ]


def unanswered_aspects(question: str, evidence: Sequence[Evidence]) -> list[str]:
    """Return what a question asks for and no sentence speaks of together with the question's drug or score.

    Example: "What does denosumab cost?", sentences on its dose -> ["price"]

    Args:
        question: The standalone query.
        evidence: All sentences of its passages.
    """
    asking = asking_part(question)
    plain = _plain(asking)
    found = [aspect.name for aspect in _aspects() if _is_unanswered(aspect, plain, asking, evidence)]
    figures = [item for item in evidence if _FIGURE.search(item.sentence)] if _ASKS_POINTS.search(plain) else evidence
    return found + [name for name in _named_things(asking) if not _is_mentioned(content_stems(name), figures)]


def unknown_names(question: str, *, known: Collection[str], pieces: Callable[[str], int]) -> list[str]:
    """Return technical names of a question's asking part that the library has no word of: "teriparatide", "cirrhosis".

    Args:
        question: The standalone query.
        known: The stems that the library holds.
        pieces: In how many pieces the embedding model cuts a word: common words are one, names of drugs and diseases several.
    """
    asking = asking_part(question)
    named = {token for term in find_terms(asking) for token in tokens(asking[term.start : term.end])}
    return [
        token
        for token in dict.fromkeys(tokens(asking))
        if len(token) >= RARE_LETTERS
        and token.isalpha()
        and token not in named
        and stem(token) not in known
        and pieces(token) >= RARE_PIECES
        and not expansions(token)
        and not _EVERYDAY_ENDING.search(token)
        and not _is_compound(token, pieces)
        and not _resembles(token, known)
    ]


# Endings that make words of every day longer; names of drugs and diseases have none of them.
_EVERYDAY_ENDING = re.compile(r"(?:ly|ness|ing|ings|ed|ish|less|ful|able|iest|ier|er|ers|wards?|some|ship|hood)$")


def _is_compound(token: str, pieces: Callable[[str], int]) -> bool:
    """Whether a word is made of two common words: "grandkids", "wheelchair"."""
    return any(pieces(token[:at]) == 1 and pieces(token[at:]) == 1 for at in range(MIN_PART - 2, len(token) - MIN_PART + 3))


def _resembles(token: str, known: Collection[str]) -> bool:
    """Whether a word is a typing error of a known stem, or shares its beginning or a long part with one: "scintigram", "inoperable"."""
    root = stem(token)
    for other in known:
        if len(other) < MIN_PART - 1 or not other.isalpha():
            continue
        if len(other) >= MIN_PART and (root.endswith(other) or (len(other) > MIN_PART and other in root)):
            return True
        if len(root) >= RARE_LETTERS + 1 and other[:MIN_PART] == root[:MIN_PART]:
            return True
        if DamerauLevenshtein.distance(root, other, score_cutoff=MAX_TYPING_ERRORS) <= MAX_TYPING_ERRORS:
            return True
    return False


def _is_unanswered(aspect: _Aspect, plain: str, asking: str, evidence: Sequence[Evidence]) -> bool:
    asked = aspect.unless.sub(" ", plain) if aspect.unless else plain
    matches = list(aspect.asks.finditer(asked))
    if not matches:
        return False
    about = _about(asking, aspect.names, evidence)
    if aspect.answers:
        for name in _named_things(asking):  # the dose of a trial is not that of another trial
            about = [item for item in about if _is_mentioned(content_stems(name), [item])]
        pattern = aspect.answers
        return not any(pattern.search(_plain(item.sentence)) for item in about)
    wanted = [next((group for group in match.groups() if group), match.group()) for match in matches]
    return not all(_is_mentioned(content_stems(words), about) for words in wanted)


def _about(asking: str, kinds: frozenset[str], evidence: Sequence[Evidence]) -> list[Evidence]:
    """The sentences that, with their headings, name the question's drug or score; or all its names of some kinds."""
    subjects = {term.name for term in find_terms(asking) if term.kind in (kinds or SUBJECT_KINDS)}
    enough = len(subjects) if kinds else 1
    if not subjects:
        return list(evidence)
    alike = {name: {name, *_wider(name)} for name in subjects}
    held = [(item, {term.name for term in find_terms(f"{item.heading}. {item.sentence}")}) for item in evidence]
    return [item for item, names in held if sum(bool(alike[name] & names) for name in subjects) >= enough]


@lru_cache(maxsize=1024)
def _wider(name: str) -> frozenset[str]:
    """Names that a question for this one may also mean."""
    own = set(synonyms(name))
    return frozenset(term.name for phrase in expansions(name) if phrase not in own for term in find_terms(phrase))


# Points of a score are not told by a sentence that only names it; a year is no point.
_ASKS_POINTS = re.compile(r"\b(points?|calculat\w+|total|cut-?offs?|how do (i|you|we) (score|work))\b")
_FIGURE = re.compile(r"(?<![\w.])(?!(?:19|20)\d\d\b)\d+(?![\w.]*\d)")

# A score, scale or trial by its proper name, which begins with a capital: "Tomita score", "Oswestry Spinal Risk Index", "STAMPEDE trial".
_NAMED = re.compile(
    r"\b((?:[A-Z][\w'’-]+ )+)(?:[Ss]core|[Ii]ndex|[Ss]cale|[Cc]lassification|[Cc]riteria|[Tt]rial|[Ss]tudy|[Rr]egistry|[Nn]omogram|[Cc]alculator)\b"
)


def _named_things(asking: str) -> list[str]:
    """Return the proper names of scores and trials that our vocabulary does not know, each by its first word."""
    known = [(term.start, term.end) for term in find_terms(asking)]
    found = []
    for match in _NAMED.finditer(asking):
        words = [word for word in match.group(1).split() if content_stems(word)]
        if words and not any(start < match.end() and end > match.start() for start, end in known):
            found.append(words[0])
    return found


def _is_mentioned(wanted: Sequence[str], evidence: Sequence[Evidence]) -> bool:
    """Whether one sentence with its heading holds all these stems, or relatives of theirs."""
    return any(
        all(_holds(present, word) for word in wanted) for present in (stems_of(f"{item.heading} {item.sentence}") for item in evidence)
    )


def _holds(present: frozenset[str], word: str) -> bool:
    root = word[: max(5, len(word) - STEM_ENDING)]
    return word in present or (len(word) > 5 and any(other.startswith(root) for other in present))


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())


@lru_cache(maxsize=1)
def _aspects() -> tuple[_Aspect, ...]:
    table: dict[str, dict[str, Any]] = yaml.safe_load(SCOPE_FILE.read_text(encoding="utf-8"))["aspects"]
    return tuple(
        _Aspect(
            name=name,
            asks=_any_of(entry["asks"]),
            unless=_any_of(entry["unless"]) if "unless" in entry else None,
            answers=None if entry["answers"] == "same" else _any_of(entry["answers"]),
            names=frozenset(entry.get("with", ())),
        )
        for name, entry in table.items()
    )


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    """One pattern of several, each at the edges of words."""
    return re.compile("|".join(rf"(?<!\w)(?:{pattern})(?!\w)" for pattern in patterns))
