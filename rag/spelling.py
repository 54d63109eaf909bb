"""Words that hurried or frightened writers misspell -> as meant: left-out apostrophes, and one slip in the words that an alert hangs on.

The words stand in `assertion.yaml`. Corrects no other word: "thirty" stays thirty.
"""

import re
from functools import lru_cache
from pathlib import Path

import yaml

SPELLING_FILE = Path(__file__).with_name("assertion.yaml")


def normalise(question: str) -> str:
    """Return the question in lower case, with apostrophes and slips of one letter in the words that matter restored."""
    text = " ".join(question.lower().replace("’", "'").replace("\u2018", "'").split())
    return re.sub(r"[a-z']+", lambda word: _corrected(word[0]), text)


@lru_cache(maxsize=1)
def _spelling() -> tuple[dict[str, str], dict[str, list[str]], frozenset[str]]:
    table = yaml.safe_load(SPELLING_FILE.read_text(encoding="utf-8"))
    contractions = {short: full for shorts, full in table["contractions"].items() for short in shorts.split("|")}
    words = table["spelling"]["words"]
    near: dict[str, list[str]] = {}
    for word in words:
        for piece in {word, *_one_less(word)}:
            near.setdefault(piece, []).append(word)
    return contractions, near, frozenset([*words, *table["spelling"]["leave"]])


def _one_less(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(1, len(word))}


@lru_cache(maxsize=4096)
def _corrected(word: str) -> str:
    contractions, near, right = _spelling()
    if word in contractions:
        return contractions[word]
    if word in right or not 5 <= len(word) <= 16 or "'" in word:
        return word
    for piece in (word, *sorted(_one_less(word))):
        for candidate in near.get(piece, ()):
            if _one_slip(word, candidate):
                return candidate
    return word


def _one_slip(word: str, meant: str) -> bool:
    """Whether one letter more, one less, or two swapped makes the one word of the other; another letter in its place may be another word."""
    longer, shorter = (word, meant) if len(word) > len(meant) else (meant, word)
    if len(longer) - len(shorter) == 1:
        return shorter in _one_less(longer)
    places = [place for place, (one, other) in enumerate(zip(word, meant, strict=False)) if one != other]
    swapped = (
        len(places) == 2 and places[1] == places[0] + 1 and word[places[0]] == meant[places[1]] and word[places[1]] == meant[places[0]]
    )
    return len(word) == len(meant) and (swapped or (len(places) == 1 and len(word) >= 6))
