"""Misspelt names of the field in a query -> the names as the vocabulary writes them. A word that the corpus knows is never changed."""

import re
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from rag.index import VectorIndex
from rag.terms import is_everyday, vocabulary_words
from rag.text import stem, tokens


def mend_names(query: str, index: VectorIndex) -> str:
    """Return the query with misspelt names of the field put right; a word that the corpus knows is never changed.

    Example: "zolendronic acid dose" -> "zoledronic acid dose"
    """

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        token = tokens(word)[0] if tokens(word) else ""
        if len(token) < 6 or not token.isalpha() or index.knows(stem(token)) or is_everyday(token):
            return word
        return _nearest_name(token) or word

    return re.sub(r"[^\W\d_]+", mend, query)


@lru_cache(maxsize=4096)
def _nearest_name(token: str) -> str | None:
    allowed = 1 if len(token) < 9 else 2
    heard = _as_heard(token)
    near = [
        (DamerauLevenshtein.distance(heard, _as_heard(name), score_cutoff=allowed), name)
        for name in vocabulary_words()
        if name[0] == token[0] and abs(len(name) - len(token)) <= 2
    ]
    near = [pair for pair in near if pair[0] <= allowed]
    if not near or any(stem(name) == stem(token) for _, name in near):  # "fractured" is no misspelt "fracture"
        return None
    return min(near)[1]


def _as_heard(word: str) -> str:
    """A word with letters that sound alike written alike: "morfine" is one spelling of "morphine", not two errors."""
    return word.replace("ph", "f").replace("y", "i").replace("ck", "k")
