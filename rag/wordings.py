"""Everyday English (`wordings.yaml`): words that say the same, words that exclude each other, words that add nothing. Pure functions.

Base of the house. Serves the check of worded sentences alone; names of the field are in `rag/terms.py`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from rag.text import STOP_WORDS, content_stems, stem, tokens, unify_spelling

WORDINGS_FILE = Path(__file__).with_name("wordings.yaml")


@dataclass(frozen=True, slots=True)
class _Wordings:
    phrases: re.Pattern[str]
    phrase_groups: dict[str, frozenset[int]]
    stem_groups: dict[str, frozenset[int]]
    opposites: tuple[tuple[re.Pattern[str], ...], ...]
    light: frozenset[str]


def groups_of(word: str) -> frozenset[int]:
    """Return the groups of like meaning that a single word is in, whatever its ending."""
    token = unify_spelling(word.lower())
    table = _wordings()
    return table.phrase_groups.get(token, frozenset()) | table.stem_groups.get(stem(token), frozenset())


def find_phrases(text: str) -> list[tuple[int, int, frozenset[int]]]:
    """Return (start, end, groups) of the phrases of several words that have a like ("brings on", "blood calcium")."""
    table = _wordings()
    return [(match.start(), match.end(), table.phrase_groups[_plain(match.group())]) for match in table.phrases.finditer(text)]


def opposites() -> tuple[tuple[re.Pattern[str], ...], ...]:
    """Return the sets of patterns of which only one can hold ("increases" or "decreases")."""
    return _wordings().opposites


def is_light(word: str) -> bool:
    """Whether a word carries a statement without adding to it ("is the site of")."""
    return all(stem(token) in _wordings().light or token in STOP_WORDS for token in tokens(word))


def _plain(text: str) -> str:
    return " ".join(tokens(text))


@lru_cache(maxsize=1)
def _wordings() -> _Wordings:
    table = yaml.safe_load(WORDINGS_FILE.read_text(encoding="utf-8"))
    phrase_groups: dict[str, frozenset[int]] = {}
    stem_groups: dict[str, frozenset[int]] = {}
    long: list[str] = []
    for number, group in enumerate(table["same"]):
        for form in group:
            phrase_groups[_plain(form)] = phrase_groups.get(_plain(form), frozenset()) | {number}
            if len(_plain(form).split()) > 1:
                long.append(form)
            else:
                key = stem(_plain(form))
                stem_groups[key] = stem_groups.get(key, frozenset()) | {number}
    longest_first = sorted(long, key=len, reverse=True)
    return _Wordings(
        phrases=re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(form) for form in longest_first) + r")(?![\w-])", re.IGNORECASE),
        phrase_groups=phrase_groups,
        stem_groups=stem_groups,
        opposites=tuple(
            tuple(re.compile(rf"(?<![\w-])(?:{side})(?![\w-])", re.IGNORECASE) for side in sides) for sides in table["opposites"]
        ),
        light=frozenset(stem(token) for token in tokens(table["light"])) | frozenset(content_stems(table["light"])),
    )
