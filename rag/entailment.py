"""A worded sentence and the sentences it rests on -> how likely these state it, by a small trained network (`entailment_net`).

A vote beside the strict checks of `verify`, for what no rule tells: a condition left out, a claim added, another purpose. It holds for the embedding model that it was
trained with; with another one there is no vote.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.embed import Embedder
from rag.errors import ModelFileError
from rag.sentences import readable

if TYPE_CHECKING:
    from rag.entailment_net import Claims, EntailmentNet

CLAIM_TOKENS, EVIDENCE_TOKENS = 72, 144  # read of each; the rest is cut
REMEMBERED = 2_000  # texts whose token vectors are kept: the sentences of an answer's passages are asked for again and again
ENTAILMENT_FILE = Path(__file__).with_name("entailment.safetensors")


class Entailment:
    """The trained network with the embedding model that it was trained with. Safe to use from several threads; loads itself at first use."""

    def __init__(self, embedder: Embedder, path: Path = ENTAILMENT_FILE) -> None:
        self._embedder = embedder
        self._path = path
        self._net: EntailmentNet | None = None
        self._tokens: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def logits(self, pairs: Sequence[tuple[str, tuple[str, ...]]]) -> list[float]:
        """Return a logit for each sentence: above 0 where its evidence rather states it.

        Args:
            pairs: Sentences, each with its evidence as `evidence_texts` gives it.
        """
        if not pairs:
            return []
        import torch

        vectors = self._vectors([text for claim, evidence in pairs for text in (claim, *evidence)])
        with torch.inference_mode():
            claims = claims_of([(vectors[claim], [vectors[text] for text in evidence]) for claim, evidence in pairs])
            found: list[float] = self._load()(claims).tolist()
        return found

    def _vectors(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        with self._lock:
            known = {text: self._tokens[text] for text in texts if text in self._tokens}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, self._embedder.encode_sentences(new)[1], strict=True))
        with self._lock:
            for text, matrix in known.items():
                self._tokens[text] = matrix
                self._tokens.move_to_end(text)
            while len(self._tokens) > REMEMBERED:
                self._tokens.popitem(last=False)
        return known

    def _load(self) -> "EntailmentNet":
        with self._lock:
            if self._net is None:
                from safetensors.torch import load_file

                from rag.entailment_net import EntailmentNet

                net = EntailmentNet()
                net.load_state_dict({name: tensor.float() for name, tensor in load_file(self._path).items()})
                self._net = net.eval()
            return self._net


def open_entailment(embedder: Embedder, path: Path = ENTAILMENT_FILE) -> Entailment | None:
    """Return the network for an embedding model; None where there is none, or one that was trained with another model.

    Raises:
        ModelFileError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, "np") as file:
            trained_with = (file.metadata() or {}).get("embedding_revision")
    except (OSError, SafetensorError) as exc:
        raise ModelFileError(
            f"the entailment network {str(path)!r} is damaged ({exc}); fetch it anew, or run 'python -m evals.train_entailment'."
        ) from exc
    return Entailment(embedder, path) if trained_with == embedder.revision else None


def evidence_texts(title: str, sentences: Sequence[str]) -> tuple[str, ...]:
    """Return what a sentence rests on as the network reads it: the title of the document, then its sentences."""
    return (title, *(readable(sentence.lstrip("- ")) for sentence in sentences))


def claims_of(pairs: Sequence[tuple[NDArray[np.floating], Sequence[NDArray[np.floating]]]]) -> "Claims":
    """Return sentences with their evidence, cut and padded to the longest, from the token vectors of each text."""
    import torch

    from rag.entailment_net import Claims

    claim, claim_mask = _padded([claim for claim, _ in pairs], CLAIM_TOKENS)
    evidence, evidence_mask = _padded([np.concatenate(list(texts)) for _, texts in pairs], EVIDENCE_TOKENS)
    return Claims(*map(torch.from_numpy, (claim, claim_mask, evidence, evidence_mask)))


def _padded(matrices: Sequence[NDArray[np.floating]], most: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    longest = max(2, min(most, max(len(matrix) for matrix in matrices)))
    values = np.zeros((len(matrices), longest, matrices[0].shape[1]), np.float32)
    mask = np.zeros((len(matrices), longest), np.bool_)
    for place, matrix in enumerate(matrices):
        cut = matrix[:longest]
        values[place, : len(cut)] = cut
        mask[place, : len(cut)] = True
    return values, mask
