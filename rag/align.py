"""Text -> Reading (words, figures, segments), and which words of a sentence have a counterpart in its evidence. Judges nothing.

A name of the field is one word, whatever its spelling; a figure is no word. Words are alike when they share a name, a stem, a derivation
("stable", "stability") or a group of `wordings.yaml`; nearness of the embedder's vectors counts for what is left, in `rag/verify.py`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rag.agree import part_changes
from rag.figures import Figure, find_figures
from rag.terms import find_terms, synonyms
from rag.text import STOP_WORDS, content_stems, stem, unify_spelling
from rag.wordings import find_phrases, groups_of, is_light

_WORD = re.compile(r"[^\W_]+(?:[.,/'’][^\W_]+)*")
_BREAK = re.compile(
    r"(?:,\s*)?\b(?:and/or|and|but|while|whereas|although|though|versus|vs\.?|compared with|compared to|as against|because|so|or|followed by|"
    r"of which|of whom|which|rather than|except|unless|if|when|provided)\b|[;:()|]|,(?=\s)|\s[-–—]\s",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that carries meaning, or a name of the field: `name` is "kind:name" for names and "" otherwise."""

    text: str
    name: str
    stems: frozenset[str]
    groups: frozenset[int]
    start: int
    end: int

    @property
    def kind(self) -> str:
        """The kind of a name, "" for any other word."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the check reads it. `breaks` are the places (start, end) of commas, brackets and connectives that part its segments."""

    text: str
    words: tuple[Word, ...]
    figures: tuple[Figure, ...]
    breaks: tuple[tuple[int, int], ...]
    stems: frozenset[str]  # of all its words, names taken apart

    def segment_of(self, at: int) -> int:
        """Return the number of the segment that a place of the text is in."""
        return sum(end <= at for _, end in self.breaks)


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Return a text's words, figures and breaks, each with its place."""
    figures = tuple(part_changes(text, find_figures(text)))
    taken = [(figure.start, figure.end) for figure in figures]
    words: list[Word] = []
    phrases = find_phrases(text)
    for term in find_terms(text):
        if any(start <= term.start and term.end <= end and end - start > term.end - term.start for start, end, _ in phrases):
            continue  # "low calcium" is another thing than "calcium"
        if _free(term.start, term.end, taken):
            taken.append((term.start, term.end))
            said = text[term.start : term.end]
            known = frozenset(stem_of for word in synonyms(term.name) for stem_of in content_stems(word))
            words.append(Word(said, f"{term.kind}:{term.name}", known, groups_of(said), term.start, term.end))
    for start, end, groups in phrases:
        if _free(start, end, taken):
            taken.append((start, end))
            words.append(Word(text[start:end], "", frozenset(content_stems(text[start:end])), groups, start, end))
    for match in _WORD.finditer(text):
        token = unify_spelling(match.group().lower().replace("’", "'").removesuffix("'s"))
        if token in STOP_WORDS or len(token) < 2 or not _free(match.start(), match.end(), taken):
            continue
        words.append(Word(match.group(), "", frozenset({stem(token)}), groups_of(token), match.start(), match.end()))
    words.sort(key=lambda word: word.start)
    breaks = tuple((match.start(), match.end()) for match in _BREAK.finditer(text) if _free(match.start(), match.end(), taken))
    return Reading(text, tuple(words), figures, breaks, frozenset(content_stems(text)))


def _free(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    return all(end <= other_start or other_end <= start for other_start, other_end in taken)


def alike(one: Word, other: Word) -> bool:
    """Whether two words say the same: one name, one stem, one group of wordings, or one derived from the other."""
    if one.name and other.name:
        return one.name == other.name or (one.kind == other.kind == "condition" and bool(one.groups & other.groups))
    if not one.groups.isdisjoint(other.groups) or not one.stems.isdisjoint(other.stems):
        return True
    return not (one.name or other.name) and any(_derived(a, b) for a in one.stems for b in other.stems)


def is_named(word: Word, evidence: Reading) -> bool:
    """Whether a text has a name: by any word of its group, or by all the stems of one ("necrosis of the jaw", "jaw necrosis")."""
    if any(other.name == word.name or (other.kind == word.kind == "condition" and other.groups & word.groups) for other in evidence.words):
        return True
    forms = (word.text, *synonyms(word.name.partition(":")[2]))
    return any(stems and stems <= evidence.stems for form in forms if (stems := frozenset(content_stems(form))))


@lru_cache(maxsize=100_000)
def _derived(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    shared = 0
    while shared < len(shorter) and shorter[shared] == longer[shared]:
        shared += 1
    return shared >= 4 and shared >= 0.75 * len(shorter) and len(longer) - shared <= 5


def weight(word: Word) -> float:
    """Return how much a word would add if it had no counterpart: names most, words that only carry a statement nothing."""
    if word.name:
        return 1.5
    if is_light(word.text):
        return 0.0
    return 0.5 if len(word.text) < 4 and not word.text.isupper() else 1.0
