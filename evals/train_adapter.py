"""Train the adapter of the embedding model on the attached questions: python -m evals.train_adapter [--out FILE]

The official weights stay as they are; what is trained is a low-rank change of their linear layers (Hu and others 2021, arXiv 2106.09685), small
enough to be part of the product. A question must come nearer to the sentence it is attached to than to the others of its batch (the loss of
Henderson and others 2017, arXiv 1705.00652), by the vectors of the whole and by those of tokens (MaxSim, see `rag.token_vectors`). Takes some
ten minutes on two cores; sees no golden question.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from tqdm import tqdm

from rag import models
from rag.adapter import DOWN, UP, encoder_of
from rag.attached import load_questions
from rag.chunk import split_document
from rag.load import load_corpus
from rag.sentences import readable
from rag.settings import Settings

RANK = 8
LEARNING_RATE = 1e-3
EPOCHS = 4
BATCH = 64  # sentences, each with its questions; the others of the batch are what it is told from
SCALE = 20.0  # of a cosine, before the softmax
CHUNK_EVERY = 6  # one step in so many looks for the whole chunk instead of the sentence
TOKENS_EVERY = 4  # and one in so many compares tokens, which costs more than all the rest
MAX_TOKENS = 64  # of a sentence or question, and four times as many of a chunk
WARM_UP = 20  # steps
SEED = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with the questions attached to it, and the chunk that it stands in, with its header."""

    questions: tuple[str, ...]
    sentence: str
    chunk: str


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Texts as unit vectors: (n, dim) of the whole, (n, tokens, dim) of tokens, and (n, tokens) 1 for the text's own tokens."""

    whole: torch.Tensor
    tokens: torch.Tensor
    own: torch.Tensor


class _LowRank(nn.Module):
    """A linear layer with a trainable change of low rank; it begins as the layer itself."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(RANK, linear.in_features) / linear.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, RANK))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.linear(inputs) + inputs @ self.down.T @ self.up.T
        return outputs


def examples(settings: Settings, count_tokens: Callable[[str], int]) -> list[Example]:
    """Return each sentence that has questions, once."""
    attached = load_questions(settings.corpus_dir)
    found = []
    for document in load_corpus(settings.corpus_dir):
        of_document = dict(attached.get(document.source.document_id, {}))
        for chunk in split_document(document, max_tokens=settings.chunk_tokens, count_tokens=count_tokens):
            for span in chunk.sentences:
                sentence = chunk.text[span.start : span.end]
                questions = of_document.pop(readable(sentence), ())
                if questions:
                    found.append(Example(questions, sentence, f"{chunk.header}\n{chunk.text}"))
    return found


def train(model: Any, rows: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Train and return the adapter's tensors by layer: half precision, (rank, inputs) and (outputs, rank) of each."""
    random.seed(SEED)
    torch.manual_seed(SEED)
    layers = _make_trainable(encoder_of(model))
    parameters = [parameter for layer in layers.values() for parameter in (layer.down, layer.up)]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * (len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / WARM_UP) * (1 - step / steps))
    order: list[int] = []
    bar = tqdm(range(steps), mininterval=10)
    for step in bar:
        if len(order) < BATCH:
            order = random.sample(range(len(rows)), len(rows))
        loss = _loss(model, [rows[order.pop()] for _ in range(BATCH)], step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.2f}", refresh=False)
    return {
        f"{name}{end}": tensor.detach().half().contiguous()
        for name, layer in layers.items()
        for end, tensor in ((DOWN, layer.down), (UP, layer.up))
    }


def _make_trainable(encoder: nn.Module) -> dict[str, _LowRank]:
    """Freeze an encoder and put a trainable change beside each linear layer of its blocks; return these by name."""
    layers = {}
    for parameter in encoder.parameters():
        parameter.requires_grad = False
    for name, module in list(encoder.named_modules()):
        if isinstance(module, nn.Linear) and name.startswith("encoder.layer"):
            parent, own = name.rsplit(".", 1)
            layers[name] = _LowRank(module)
            setattr(encoder.get_submodule(parent), own, layers[name])
    return layers


def _loss(model: Any, batch: Sequence[Example], step: int) -> torch.Tensor:
    """Two questions of each sentence against the sentences and each other, some steps by their tokens, too, and some against the chunks."""
    pairs = [random.sample(row.questions, 2) if len(row.questions) > 1 else list(row.questions) * 2 for row in batch]
    sides = [_encode(model, [pair[side] for pair in pairs]) for side in (0, 1)]
    if step % CHUNK_EVERY == CHUNK_EVERY - 1:
        chunks = _encode(model, [row.chunk for row in batch], 4 * MAX_TOKENS)
        return torch.stack([_both_ways(side.whole @ chunks.whole.T) for side in sides]).sum()
    sentences = _encode(model, [row.sentence for row in batch])
    losses = [_both_ways(sides[0].whole @ sides[1].whole.T)]
    losses += [_both_ways(side.whole @ sentences.whole.T) for side in sides]
    if step % TOKENS_EVERY == 0:
        losses.append(_both_ways(_max_sim(sides[0], sentences)))
    return torch.stack(losses).sum()


def _encode(model: Any, texts: list[str], max_tokens: int = MAX_TOKENS) -> _Encoded:
    batch = model.tokenizer(texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
    states = encoder_of(model)(**batch).last_hidden_state
    mask = batch["attention_mask"].float()
    own = mask.clone()  # neither padding nor the model's opening and closing marks
    own[:, 0] = 0
    own[torch.arange(len(texts)), mask.sum(1).long() - 1] = 0
    whole = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    return _Encoded(normalize(whole, dim=1), normalize(states, dim=2), own)


def _both_ways(similarity: torch.Tensor) -> torch.Tensor:
    target = torch.arange(len(similarity))
    return (cross_entropy(SCALE * similarity, target) + cross_entropy(SCALE * similarity.T, target)) / 2


def _max_sim(questions: _Encoded, sentences: _Encoded) -> torch.Tensor:
    """Return the (n_questions, n_sentences) mean over a question's tokens of the best cosine with a sentence's token."""
    cosines = torch.einsum("qid,sjd->qsij", questions.tokens, sentences.tokens)
    best = cosines.masked_fill(sentences.own[None, :, None, :] == 0, -1.0).max(dim=3).values
    return (best * questions.own[:, None, :]).sum(2) / questions.own.sum(1)[:, None].clamp(min=1)


def main() -> int:
    """Train, and write the adapter."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=models.ADAPTER_FILE)
    out = parser.parse_args().out
    settings = Settings(llm="none")
    model = SentenceTransformer(models.embedder_path(settings.embedding_model), device="cpu")
    rows = examples(settings, lambda text: len(model.tokenizer(text, truncation=False, verbose=False)["input_ids"]))
    print(f"{len(rows)} sentences with {sum(len(row.questions) for row in rows)} questions")
    save_file(train(model, rows), out)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
