"""What a question asks for that its passages do not hold: aspects (price, children, storage ...) and named things that no sentence speaks of.

A library may hold the topic and not the answer: a sentence on denosumab says nothing of its price. The table `scope.yaml` names the aspects. Does not
say how near passages are to a question; `retrieve` does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rag.terms import find_terms
from rag.text import content_stems, split_sentences

SCOPE_FILE = Path(__file__).with_name("scope.yaml")


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


def unanswered_aspects(question: str, evidence: Sequence[Evidence]) -> list[str]:
    """Return the aspects that a question asks for and no sentence speaks of together with the question's drug or score.

    Example: "What does denosumab cost?", sentences on its dose -> ["price"]

    Args:
        question: The standalone query.
        evidence: All sentences of its passages.
    """
    asking = asking_part(question)
    plain = _plain(asking)
    subjects = _subjects(question if len(asking) < len(question) and not _subjects(asking) else asking)
    about = [item for item in evidence if _is_about(item, subjects)] if subjects else list(evidence)
    return [aspect.name for aspect in _aspects() if _is_unanswered(aspect, plain, about)]


def asking_part(question: str) -> str:
    """Return the sentences that ask something and the subject in brackets that a follow-up carries; the whole where none ends in "?"."""
    sentences = [question[span.start : span.end] for span in split_sentences(question)]
    asking = [sentence for sentence in sentences if sentence.rstrip(")\"' ").endswith("?") or sentence.startswith("(")]
    return " ".join(asking) if any("?" in sentence for sentence in asking) else question


def _is_unanswered(aspect: _Aspect, plain: str, about: Sequence[Evidence]) -> bool:
    asked = aspect.unless.sub(" ", plain) if aspect.unless else plain
    for match in aspect.asks.finditer(asked):
        if aspect.answers:
            return not any(aspect.answers.search(_plain(item.sentence)) for item in about)
        wanted = set(content_stems(next((group for group in match.groups() if group), match.group())))
        if not any(wanted <= set(content_stems(f"{item.heading} {item.sentence}")) for item in about):
            return True
    return False


def _subjects(text: str) -> set[str]:
    return {term.name for term in find_terms(text) if term.kind in {"drug", "score"}}


def _is_about(item: Evidence, subjects: set[str]) -> bool:
    return any(term.name in subjects for term in find_terms(f"{item.heading}. {item.sentence}"))


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
        )
        for name, entry in table.items()
    )


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    """One pattern of several, at the edges of words; a currency sign has none before it."""
    return re.compile("|".join(rf"(?<!\w)(?:{pattern})(?!\w)" for pattern in patterns))
