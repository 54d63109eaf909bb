"""A question and sentences of the index -> how likely each is to answer it, by a small trained network (`reader_net`).

Cosines say that a sentence is about what a question is about; the reader tells whether it is the sentence that answers: which drug, which tumour, what
is asked of it. It holds for the embedding model that it was trained with; with another one there is no reader, and nearness and words in common decide alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.networks import Trained, fits, padded
from rag.token_vectors import unpack

if TYPE_CHECKING:
    from rag.reader_net import Pairs, ReaderNet

QUESTION_TOKENS, SENTENCE_TOKENS = 32, 44  # read of each: the last and the first; the rest is cut
READER_FILE = Path(__file__).with_name("reader.safetensors")


@dataclass(frozen=True, slots=True)
class Sight:
    """A sentence as the reader sees it: its packed token vectors, the vector of its chunk, the packed token vectors of the questions attached to it."""

    tokens: NDArray[np.int8]
    chunk: NDArray[np.float32]
    questions: tuple[NDArray[np.int8], ...]


class Reader:
    """The trained reader. Safe to use from several threads; loads itself at first use."""

    def __init__(self, path: Path = READER_FILE) -> None:
        self._trained = Trained(path, _make)

    def read(self, whole: NDArray[np.float32], tokens: NDArray[np.float32], sights: Sequence[Sight]) -> list[float]:
        """Return a logit for each sentence: 0 where it answers no better than no sentence would.

        Args:
            whole: (dim,) unit vector of the query.
            tokens: (n_tokens, dim) unit vectors of its tokens; none give 0 for every sentence.
            sights: The sentences.
        """
        if not sights or not len(tokens):
            return [0.0] * len(sights)
        import torch

        with torch.inference_mode():
            logits: list[float] = self._trained.net()(pairs_of(whole, tokens, sights)).tolist()
        return logits


def _make() -> "ReaderNet":
    from rag.reader_net import ReaderNet

    return ReaderNet()


def open_reader(revision: str, path: Path = READER_FILE) -> Reader | None:
    """Return the reader for an embedding model of this revision; None where there is none, or one that was trained with another model.

    Raises:
        ModelFileError: the file is damaged.
    """
    return Reader(path) if fits(path, revision, what="reader", trainer="evals.train_reader") else None


def pairs_of(whole: NDArray[np.float32], tokens: NDArray[np.float32], sights: Sequence[Sight]) -> "Pairs":
    """Return one question beside several sentences, cut and padded to the longest."""
    import torch

    from rag.reader_net import Pairs

    tokens = tokens[-QUESTION_TOKENS:]  # of a long case the end, where it asks
    sentence, mask = padded([unpack(sight.tokens) for sight in sights], SENTENCE_TOKENS)
    near = np.stack([attached_nearness(tokens, sight) for sight in sights])
    n, dim = len(sights), tokens.shape[1]
    return Pairs(
        question=torch.from_numpy(tokens.astype(np.float32)).expand(n, -1, dim),
        question_mask=torch.ones(n, len(tokens), dtype=torch.bool),
        whole=torch.from_numpy(whole).expand(n, dim),
        sentence=torch.from_numpy(sentence),
        sentence_mask=torch.from_numpy(mask),
        chunk=torch.from_numpy(np.stack([sight.chunk for sight in sights])),
        attached=torch.from_numpy(near),
    )


def attached_nearness(tokens: NDArray[np.float32], sight: Sight) -> NDArray[np.float32]:
    """Return how near each token of a question comes to the questions attached to a sentence, or where it has none, to the sentence; (n_tokens,)."""
    nearest = [(tokens @ unpack(matrix).T).max(axis=1) for matrix in sight.questions or (sight.tokens,)]
    return np.asarray(np.max(nearest, axis=0), dtype=np.float32)
