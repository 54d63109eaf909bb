"""A worded sentence and the sentences it rests on -> how likely these state it, by a small trained network (`entailment_net`).

A vote beside the strict checks of `verify`, for what no rule tells: a condition left out, a claim added, another purpose. It holds for the embedding model that it was
trained with; with another one there is no vote.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.networks import Trained, fits, padded
from rag.sentences import readable

if TYPE_CHECKING:
    from rag.entailment_net import Claims, EntailmentNet

Tokens = Callable[[list[str]], list[NDArray[np.float32]]]

CLAIM_TOKENS, EVIDENCE_TOKENS = 72, 144  # read of each; the rest is cut
ENTAILMENT_FILE = Path(__file__).with_name("entailment.safetensors")


class Entailment:
    """The trained network. Safe to use from several threads; loads itself at first use.

    Args:
        tokens: Texts to the (n_tokens, dim) unit vectors of their tokens, by the embedding model that it was trained with.
        path: Its weights.
    """

    def __init__(self, tokens: Tokens, path: Path = ENTAILMENT_FILE) -> None:
        self._tokens = tokens
        self._trained = Trained(path, _make)

    def logits(self, pairs: Sequence[tuple[str, tuple[str, ...]]]) -> list[float]:
        """Return a logit for each sentence: above 0 where its evidence rather states it.

        Args:
            pairs: Sentences, each with its evidence as `evidence_texts` gives it.
        """
        if not pairs:
            return []
        import torch

        texts = list(dict.fromkeys(text for claim, evidence in pairs for text in (claim, *evidence)))
        vectors = dict(zip(texts, self._tokens(texts), strict=True))
        with torch.inference_mode():
            claims = claims_of([(vectors[claim], [vectors[text] for text in evidence]) for claim, evidence in pairs])
            found: list[float] = self._trained.net()(claims).tolist()
        return found


def _make() -> "EntailmentNet":
    from rag.entailment_net import EntailmentNet

    return EntailmentNet()


def open_entailment(tokens: Tokens, revision: str, path: Path = ENTAILMENT_FILE) -> Entailment | None:
    """Return the network for an embedding model of this revision; None where there is none, or one that was trained with another model.

    Raises:
        ModelFileError: the file is damaged.
    """
    return Entailment(tokens, path) if fits(path, revision, what="entailment network", trainer="evals.train_entailment") else None


def evidence_texts(title: str, sentences: Sequence[str]) -> tuple[str, ...]:
    """Return what a sentence rests on as the network reads it: the title of the document, then its sentences."""
    return (title, *(readable(sentence.lstrip("- ")) for sentence in sentences))


def claims_of(pairs: Sequence[tuple[NDArray[np.floating], Sequence[NDArray[np.floating]]]]) -> "Claims":
    """Return sentences with their evidence, cut and padded to the longest, from the token vectors of each text."""
    import torch

    from rag.entailment_net import LEAST, Claims

    claim, claim_mask = padded([claim for claim, _ in pairs], CLAIM_TOKENS, least=LEAST)
    evidence, evidence_mask = padded([np.concatenate(list(texts)) for _, texts in pairs], EVIDENCE_TOKENS, least=LEAST)
    return Claims(*map(torch.from_numpy, (claim, claim_mask, evidence, evidence_mask)))
