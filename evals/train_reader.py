"""Train the reader on the attached questions and on near misses: python -m evals.train_reader [--out FILE]

Each question must tell the sentence that it is attached to from others that are near it, and from no answer at all: a softmax over five sentences and a
logit of 0. Beside the questions as they are: without their sentence, where no answer is right; and questions that nothing answers (`reader_material`).
The question itself is left out of those attached to its sentence. Reads the vectors of the live index; sees no golden question. Takes some fifteen
minutes on two cores; to be run again when the adapter is trained anew.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from evals.reader_material import Asked, Material, material
from rag.build import build_index
from rag.pipeline import build_pipeline
from rag.reader import QUESTION_TOKENS, READER_FILE, SENTENCE_TOKENS, attached_nearness, padded
from rag.reader_net import Pairs, ReaderNet
from rag.settings import Settings
from rag.token_vectors import pack

EPOCHS = 5
BATCH = 24  # questions a step
SENTENCES = 5  # that a question is read beside
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 1.2e-3, 0.02, 100
NEAR_MISS, EXCHANGED, UNANSWERED = 0.20, 0.18, 0.12  # shares: a near miss; a name exchanged; without the own sentence
BARE = 0.15  # share of pairs that are read as if nothing were attached
SEED = 0

_draw = random.Random(SEED)  # noqa: S311 - the draws of a training run are no secrets


def train(data: Material) -> dict[str, torch.Tensor]:
    """Train a reader and return its weights, in half precision."""
    net = ReaderNet()
    steps = EPOCHS * (len(data.asked) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / WARM_UP) * max(0.02, 1 - step / steps))
    bar = tqdm(range(steps), mininterval=10)
    for _ in bar:
        groups = [_group(data) for _ in range(BATCH)]
        logits = net(_pairs(data, groups)).split([len(group.sentences) for group in groups])
        loss = torch.stack([_loss(of_group, group.right) for of_group, group in zip(logits, groups, strict=True)]).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.2f}", refresh=False)
    return {name: tensor.half().contiguous() for name, tensor in net.state_dict().items()}


@dataclass(frozen=True, slots=True)
class _Group:
    """A question beside some sentences; `right` is the place of the one that answers, their number where none does."""

    question: Asked
    sentences: list[int]
    right: int


def _group(data: Material) -> _Group:
    kind = _draw.random()
    if kind < NEAR_MISS + EXCHANGED:
        question = _draw.choice(data.missed if kind < NEAR_MISS else data.exchanged)
        sentences = [question.own, *_some(question.near)]
        return _Group(question, sentences, len(sentences))
    question = _draw.choice(data.asked)
    near = _some(question.near)
    if near and kind < NEAR_MISS + EXCHANGED + UNANSWERED:
        return _Group(question, near, len(near))
    return _Group(question, [question.own, *near], 0)


def _some(near: list[int]) -> list[int]:
    return _draw.sample(near, min(SENTENCES - 1, len(near)))


def _loss(logits: torch.Tensor, right: int) -> torch.Tensor:
    return cross_entropy(torch.cat([logits, logits.new_zeros(1)])[None], torch.tensor([right]))


def _pairs(data: Material, groups: Sequence[_Group]) -> Pairs:
    rows = [(group.question, number) for group in groups for number in group.sentences]
    sights = [data.sights[number] for _, number in rows]
    questions, question_mask = padded([pack(question.tokens) for question, _ in rows], QUESTION_TOKENS)
    sentences, sentence_mask = padded([sight.tokens for sight in sights], SENTENCE_TOKENS)
    attached = np.zeros(question_mask.shape, np.float32)
    for row, (question, number) in enumerate(rows):
        near = _nearness(data, question, number, bare=_draw.random() < BARE)
        attached[row, : len(near)] = near
    return Pairs(
        question=torch.from_numpy(questions),
        question_mask=torch.from_numpy(question_mask),
        whole=torch.from_numpy(np.stack([question.whole for question, _ in rows])),
        sentence=torch.from_numpy(sentences),
        sentence_mask=torch.from_numpy(sentence_mask),
        chunk=torch.from_numpy(np.stack([sight.chunk for sight in sights])),
        attached=torch.from_numpy(attached),
    )


def _nearness(data: Material, question: Asked, number: int, *, bare: bool) -> np.ndarray:
    """How near a question's tokens come to the questions attached to a sentence, itself left out; kept, since each is asked for again and again."""
    key = (number, bare)
    if key not in question.nearness:
        sight = data.sights[number]
        others = (
            () if bare else tuple(one for place, one in enumerate(sight.questions) if (number, place) != (question.own, question.place))
        )
        question.nearness[key] = attached_nearness(question.tokens, replace(sight, questions=others))
    return question.nearness[key]


def main() -> int:
    """Train, and write the reader."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=READER_FILE)
    out = parser.parse_args().out
    torch.manual_seed(SEED)
    build_index(settings := Settings(llm="none"))
    pipeline = build_pipeline(settings)
    data = material(pipeline)
    print(f"{len(data.sights)} sentences, {len(data.asked)} questions, {len(data.exchanged)} exchanged, {len(data.missed)} near misses")
    save_file(train(data), out, metadata={"embedding_revision": pipeline.embedder.revision})
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
