"""Vectors of every token of every sentence, in one memory-mapped file beside the collections of a build: what late interaction compares.

A sentence's own vector blurs its words; the mean over the query's tokens of the nearest token of the sentence does not. Kept as signed bytes:
a step of 1/127 of a unit vector's component costs less than a thousandth of a similarity. Does not embed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STEPS = 127  # of a component from 0 to 1
VECTORS_FILE, PLACES_FILE = "tokens.bin", "tokens.json"


def write_token_vectors(build: Path, matrices: Iterable[tuple[str, NDArray[np.int8]]]) -> None:
    """Write the token vectors of a build.

    Args:
        build: The build's folder.
        matrices: Sentence id and its (n_tokens, dim) int8 matrix, as `pack` makes it.
    """
    places: dict[str, list[int]] = {}
    rows = dim = 0
    with (build / VECTORS_FILE).open("wb") as file:
        for key, matrix in matrices:
            places[key] = [rows, rows + len(matrix)]
            rows, dim = rows + len(matrix), matrix.shape[1] or dim
            file.write(matrix.tobytes())
    (build / PLACES_FILE).write_text(json.dumps({"dim": dim, "places": places}), encoding="utf-8")


def pack(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return unit vectors as signed bytes, (n, dim)."""
    return np.clip(np.rint(vectors * STEPS), -STEPS, STEPS).astype(np.int8)


def unpack(matrix: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return packed vectors as float32, (n, dim)."""
    return matrix.astype(np.float32) / np.float32(STEPS)


class TokenVectors:
    """The token vectors of an opened build. Reading only; safe to use from several threads."""

    def __init__(self, build: Path) -> None:
        table = json.loads((build / PLACES_FILE).read_text(encoding="utf-8"))
        self._places: Mapping[str, list[int]] = table["places"]
        self._questions: dict[str, list[str]] = {}
        for key in self._places:
            sentence, attached, _ = key.partition("?")
            if attached:
                self._questions.setdefault(sentence, []).append(key)
        size = (build / VECTORS_FILE).stat().st_size
        dim = table["dim"] or 1
        self._rows = np.memmap(build / VECTORS_FILE, np.int8, "r", shape=(size // dim, dim)) if size else np.zeros((0, dim), np.int8)

    def packed(self, keys: Iterable[str]) -> Iterator[tuple[str, NDArray[np.int8]]]:
        """Yield id and packed matrix of those sentences that are there."""
        for key in keys:
            if key in self._places:
                start, end = self._places[key]
                yield key, np.asarray(self._rows[start:end])

    def of_questions(self, sentence: str) -> list[NDArray[np.int8]]:
        """Return the packed matrices of the questions attached to a sentence."""
        return [matrix for _, matrix in self.packed(self._questions.get(sentence, ())) if len(matrix)]

    def similarities(self, query_tokens: NDArray[np.float32], keys: Sequence[str]) -> list[float]:
        """Return how near the query's tokens come to each sentence: the mean over them of the best cosine with a token of it, -1 to 1.

        Source: MaxSim of Khattab and Zaharia, SIGIR 2020, doi:10.1145/3397271.3401075, with the mean in place of the sum, so that queries of
        different length compare.

        Args:
            query_tokens: (n_tokens, dim) float32 unit vectors; none give 0 for every sentence.
            keys: Sentence ids; 0 for one that is not there.
        """
        if not len(query_tokens):
            return [0.0] * len(keys)
        found = {
            key: float((query_tokens @ (matrix.T.astype(np.float32) / STEPS)).max(axis=1).mean())
            for key, matrix in self.packed(dict.fromkeys(keys))
            if len(matrix)
        }
        return [found.get(key, 0.0) for key in keys]
