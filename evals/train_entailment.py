"""Train the network that helps to check worded sentences: python -m evals.train_entailment [--out FILE]

On `claims/training.jsonl`: sentences of the corpus, a true rewording of them and three false edits of that. The rewording must be told from its edits, and
from what only a part of its sentences states. Sees no other claim of this folder. Takes some fifteen minutes on two cores; to be run again when the adapter is trained anew.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from tqdm import tqdm

from evals.claims import CLAIMS_DIR
from evals.training import save_network, train_network
from rag.build import make_embedder
from rag.embed import Embedder
from rag.entailment import ENTAILMENT_FILE, claims_of, evidence_texts
from rag.entailment_net import EntailmentNet
from rag.load import load_corpus
from rag.settings import Settings

EPOCHS = 6
BATCH = 8  # lines a step, with four sentences or five each
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 1e-3, 0.03, 60
RANKING = 0.5  # weight of telling a rewording from its own edits, beside that of judging each alone
SEED = 0
TRAINING = CLAIMS_DIR / "training.jsonl"

_draw = random.Random(SEED)  # noqa: S311 - the draws of a training run are no secrets


@dataclass(frozen=True, slots=True)
class Line:
    """A rewording and its edits, the rewording first, and the texts that they rest on: heading, then sentences."""

    sentences: tuple[str, ...]
    evidence: tuple[str, ...]


def lines(path: Path = TRAINING) -> list[Line]:
    """Return the lines whose document is in the corpus."""
    titles = {document.source.document_id: document.source.title for document in load_corpus(Settings(llm="none").corpus_dir)}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Line((row["true"], *(edit["sentence"] for edit in row["false"])), evidence_texts(titles[row["document_id"]], row["quotes"]))
        for row in rows
        if row["document_id"] in titles
    ]


def token_vectors(embedder: Embedder, rows: Sequence[Line]) -> dict[str, np.ndarray]:
    """Return the token vectors of all texts, in half precision."""
    texts = sorted({text for row in rows for text in (*row.sentences, *row.evidence)})
    found: dict[str, np.ndarray] = {}
    for start in tqdm(range(0, len(texts), 256), desc="encode", mininterval=10):
        part = texts[start : start + 256]
        found.update((text, matrix.astype(np.float16)) for text, matrix in zip(part, embedder.encode_sentences(part)[1], strict=True))
    return found


def train(rows: Sequence[Line], vectors: dict[str, np.ndarray]) -> EntailmentNet:
    """Train and return a network."""
    net = EntailmentNet()
    order: list[list[Line]] = []

    def loss() -> torch.Tensor:
        if not order:
            order.extend(_batches(rows, vectors))
        return _loss(net, order.pop(), vectors)

    train_network(net, loss, EPOCHS * (len(rows) // BATCH), learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY, warm_up=WARM_UP)
    return net


def _batches(rows: Sequence[Line], vectors: dict[str, np.ndarray]) -> list[list[Line]]:
    """Return the lines in batches of much the same length, which are padded little, in an order that is drawn anew."""
    length = {id(row): sum(len(vectors[text]) for text in row.evidence) + 6 * _draw.random() for row in rows}
    by_length = sorted(rows, key=lambda row: length[id(row)])
    batches = [by_length[start : start + BATCH] for start in range(0, len(by_length) - BATCH + 1, BATCH)]
    _draw.shuffle(batches)
    return batches


def _loss(net: EntailmentNet, batch: Sequence[Line], vectors: dict[str, np.ndarray]) -> torch.Tensor:
    pairs: list[tuple[str, tuple[str, ...]]] = []
    right: list[float] = []
    groups: list[tuple[int, int]] = []
    for row in batch:
        groups.append((len(pairs), len(row.sentences)))
        pairs += [(sentence, row.evidence) for sentence in row.sentences]
        right += [1.0] + [0.0] * (len(row.sentences) - 1)
        if len(row.evidence) > 2:  # heading and two sentences or more: without one of them it is not supported
            left_out = _draw.randrange(1, len(row.evidence))
            pairs.append((row.sentences[0], row.evidence[:left_out] + row.evidence[left_out + 1 :]))
            right.append(0.0)
    logits = net(claims_of([(vectors[claim], [vectors[text] for text in evidence]) for claim, evidence in pairs]))
    target = torch.tensor(right)
    share = (len(right) - target.sum()) / target.sum()
    alone = binary_cross_entropy_with_logits(logits, target, pos_weight=share)
    ranked = torch.stack([cross_entropy(logits[at : at + many][None], torch.tensor([0])) for at, many in groups]).mean()
    return alone + RANKING * ranked


def main() -> int:
    """Train, and write the network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ENTAILMENT_FILE)
    out = parser.parse_args().out
    torch.manual_seed(SEED)
    embedder = make_embedder(Settings(llm="none"))
    rows = lines()
    print(f"{len(rows)} lines")
    save_network(train(rows, token_vectors(embedder, rows)), out, embedder.revision)
    return 0


if __name__ == "__main__":
    sys.exit(main())
