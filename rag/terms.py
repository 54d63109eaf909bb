"""The field's vocabulary (`terms.yaml`): names found in text, synonyms, and the words that widen a search. Pure functions over one data file.

Base of the house. Names carry a kind (drug, body, score, tumour, site, imaging, treatment, condition), so that `verify` can tell a swapped drug
from a reworded sentence. Knows nothing of passages or models.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from rag.text import content_stems, tokens

TERMS_FILE = Path(__file__).with_name("terms.yaml")


@dataclass(frozen=True, slots=True)
class Term:
    """A name of the field as found in a text: its kind, the first word of its group, and its place."""

    kind: str
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    pattern: re.Pattern[str]
    capitals: re.Pattern[str]
    group_of: dict[str, tuple[str, str]]  # lower-case word -> (kind, name)
    words_of: dict[str, tuple[str, ...]]  # name -> all words of its group
    broader: dict[str, tuple[str, ...]]
    everyday: frozenset[str]
    aspects: frozenset[str]  # stems
    settings: frozenset[str]  # stems
    lay: tuple[tuple[re.Pattern[str], str], ...]


def find_terms(text: str) -> list[Term]:
    """Return the names of the field in a text, in order; the longest match wins, so "spinal cord compression" is not also "spinal"."""
    return list(_terms_of(text))


@lru_cache(maxsize=50_000)
def _terms_of(text: str) -> tuple[Term, ...]:
    """`find_terms`, remembered: a question and the sentences of its passages are read by several rooms."""
    vocabulary = _vocabulary()
    plain = text.replace("’", "'")
    found = []
    for pattern in (vocabulary.pattern, vocabulary.capitals):
        for match in pattern.finditer(plain):
            kind, name = vocabulary.group_of[" ".join(match.group().lower().split())]
            found.append(Term(kind, name, match.start(), match.end()))
    found.sort(key=lambda term: (term.start, -term.end))
    kept: list[Term] = []
    for term in found:
        if not kept or term.start >= kept[-1].end:
            kept.append(term)
    return tuple(kept)


def synonyms(name: str) -> tuple[str, ...]:
    """Return all words of the group that a name stands for, itself included; just itself where it has no group."""
    return _vocabulary().words_of.get(name, (name,))


def expansions(query: str) -> list[str]:
    """Return words that mean the same as, or are a plainer or wider word for, what a query says; nothing that it says already.

    Example: "MSCC scan" -> ["metastatic spinal cord compression", "spinal cord compression", ...]
    """
    return list(_expansions_of(query))


@lru_cache(maxsize=4096)
def _expansions_of(query: str) -> tuple[str, ...]:
    vocabulary = _vocabulary()
    present = query.lower()
    added: list[str] = []
    names = [term.name for term in find_terms(query)]
    for name in names:
        for broader in vocabulary.broader.get(name, ()):
            added.extend(vocabulary.words_of.get(broader, (broader,))[:1])
        added.extend(vocabulary.words_of[name])
    for pattern, term in vocabulary.lay:
        if pattern.search(present.replace("’", "'")):
            added.extend(part.strip() for part in term.split(","))
    return tuple(dict.fromkeys(word for word in added if word.lower() not in present))


def full_names(query: str) -> list[str]:
    """Return the full names of abbreviations and brands in a query ("MSCC", "Xofigo") and the terms of its lay words.

    Shorter than `expansions`: what a dense query gains from, where every synonym would only blur it.
    """
    vocabulary = _vocabulary()
    added = [
        term.name
        for term in find_terms(query)
        if (term.kind == "drug" or query[term.start : term.end].isupper()) and not term.name.isupper()
    ]
    for pattern, term_words in vocabulary.lay:
        if pattern.search(query.lower().replace("’", "'")):
            added.append(term_words)
    return [name for name in dict.fromkeys(added) if name.lower() not in query.lower()]


_ALSO_WORDS = {"WHO", "NICE", "PET"}  # abbreviations that are English words in small letters

# Endings of international non-proprietary names (WHO, "The use of stems in the selection of INN") and of tumour names: a word that has one is the
# subject of a question even where our vocabulary does not know it.
_SUBJECT_ENDINGS = re.compile(
    r"\b(?:\w{2,}(?:taxel|mab|nib|platin|mycin|cillin|pril|sartan|statin|azole|olol|olone|xaban|parin|gliptin|gliflozin|glutide|triptan|setron|afil|"
    r"cycline|floxacin|rubicin|trexate|formin|oxetine|dronate|dronic|lutamide|relix|relin|limus|ciclib|parib|zomib|domide)|"
    r"\w*(?:sarcoma|blastoma|glioma|melanoma))s?\b",
    re.IGNORECASE,
)


def absent_subjects(question: str, texts: Iterable[str]) -> list[str]:
    """Return the drugs, scores and rare tumours that a question is about and none of the texts mentions, in the question's words.

    Example: "dose of paclitaxel", ["Zoledronic acid 4 mg ..."] -> ["paclitaxel"]
    """
    joined = " ".join(texts)
    lower = joined.lower()
    mentioned = {(term.kind, term.name) for term in find_terms(joined)}
    absent = {
        term.start: question[term.start : term.end]
        for term in find_terms(question)
        if term.kind in {"drug", "score"} and (term.kind, term.name) not in mentioned
    }
    known = {place for term in find_terms(question) for place in range(term.start, term.end)}
    for match in _SUBJECT_ENDINGS.finditer(question):
        word = match.group().lower()
        if match.start() not in known and word not in lower and not any(wider.lower() in lower for wider in expansions(word)):
            absent.setdefault(match.start(), match.group())
    return [absent[start] for start in sorted(absent)]


def is_aspect(stem: str) -> bool:
    """Whether a stem says only what is asked of a subject ("dose", "risk"), so that it is no subject itself."""
    return stem in _vocabulary().aspects


def is_setting(stem: str) -> bool:
    """Whether a stem says only for whom or where something is asked ("pregnancy", "home"), so that it is no subject itself."""
    return stem in _vocabulary().settings


def is_everyday(token: str) -> bool:
    """Whether a token is a word of every day that looks like a name of the field; it is neither mended nor mended to."""
    return token in _vocabulary().everyday


@lru_cache(maxsize=1)
def vocabulary_words() -> tuple[str, ...]:
    """Return the single words of six letters or more that the names are made of, in one spelling: what a typing error is mended to."""
    vocabulary = _vocabulary()
    words = {word for group in vocabulary.words_of.values() for name in group for word in tokens(name)}
    return tuple(sorted(word for word in words - vocabulary.everyday if len(word) >= 6 and word.isalpha()))


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    table = yaml.safe_load(TERMS_FILE.read_text(encoding="utf-8"))
    group_of: dict[str, tuple[str, str]] = {}
    words_of: dict[str, tuple[str, ...]] = {}
    any_case: list[str] = []
    capitals: list[str] = []
    for kind, groups in table["names"].items():
        for group in groups:
            words_of[group[0]] = tuple(group)
            for word in group:
                group_of[word.lower()] = (kind, group[0])
                (capitals if word.isupper() and (len(word) == 2 or word in _ALSO_WORDS) else any_case).append(word)
    return _Vocabulary(
        pattern=_words_pattern(any_case, re.IGNORECASE),
        capitals=_words_pattern(capitals, re.NOFLAG),
        group_of=group_of,
        words_of=words_of,
        everyday=frozenset(table["everyday"]),
        aspects=_stems(table["aspects"]),
        settings=_stems(table["settings"]),
        broader={name: tuple(wider) for name, wider in table["broader"].items()},
        lay=tuple((re.compile(rf"(?<!\w)(?:{said})(?!\w)"), term) for said, term in table["lay"].items()),
    )


def _stems(words: list[str]) -> frozenset[str]:
    return frozenset(stem for word in words for stem in content_stems(word))


def _words_pattern(words: list[str], flags: re.RegexFlag) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in longest_first) + r")(?![\w])", flags)
