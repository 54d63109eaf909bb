"""Train the adapter of the embedding model on the attached questions: python -m evals.train_adapter [--out FILE]

The official weights stay as they are; what is trained is a low-rank change of their linear layers (Hu and others 2021, arXiv 2106.09685), small
enough to be part of the product. A question must come nearer to the sentence it is attached to than to the others of its batch (the loss of
Henderson and others 2017, arXiv 1705.00652), by the vectors of the whole and by those of tokens (MaxSim, see `rag.token_vectors`). Takes some
ten minutes on two cores; sees no golden question.
"""

import argparse
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from tqdm import tqdm

from rag.adapter import DOWN, UP
from rag.attached import load_questions
from rag.chunk import split_document
from rag.load import load_corpus
from rag.models import ADAPTER_FILE
from rag.sentences import readable
from rag.settings import Settings

RANK = 8
LEARNING_RATE = 1e-3
EPOCHS = 3
BATCH = 64  # sentences, each with its questions; the others of the batch are what it is told from
SCALE = 20.0  # of a cosine, before the softmax
CHUNK_EVERY = 4  # one step in so many looks for the whole chunk instead of the sentence
MAX_TOKENS = 200
SEED = 0


class _LowRank(nn.Module):
    """A linear layer with a trainable change of low rank; it begins as the layer itself."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(RANK, linear.in_features) / linear.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, RANK))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.linear(inputs) + inputs @ self.down.T @ self.up.T


def examples(settings: Settings, count_tokens) -> list[tuple[list[str], str, str]]:
    """Return (questions, sentence, chunk with its header) of each sentence that has questions."""
    attached = load_questions(settings.corpus_dir)
    found = []
    for document in load_corpus(settings.corpus_dir):
        of_document = dict(attached.get(document.source.document_id, {}))
        for chunk in split_document(document, max_tokens=settings.chunk_tokens, count_tokens=count_tokens):
            for span in chunk.sentences:
                sentence = chunk.text[span.start : span.end]
                questions = of_document.pop(readable(sentence), ())
                if questions:
                    found.append((list(questions), sentence, f"{chunk.header}\n{chunk.text}"))
    return found


def train(model, rows: list[tuple[list[str], str, str]]) -> dict[str, torch.Tensor]:
    """Train and return the adapter's tensors, by the name of the layer they belong to."""
    random.seed(SEED)
    torch.manual_seed(SEED)
    encoder = model[0].auto_model if hasattr(model[0], "auto_model") else model[0].model
    for parameter in encoder.parameters():
        parameter.requires_grad = False
    layers = {}
    for name, module in list(encoder.named_modules()):
        if isinstance(module, nn.Linear) and name.startswith("encoder.layer"):
            parent = encoder.get_submodule(name.rsplit(".", 1)[0])
            layers[name] = _LowRank(module)
            setattr(parent, name.rsplit(".", 1)[1], layers[name])
    parameters = [p for layer in layers.values() for p in (layer.down, layer.up)]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * (len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 20) * (1 - step / steps))

    def encode(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        batch = model.tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        states = encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].float()
        whole = normalize((states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True), dim=1)
        inner = mask.clone()
        inner[:, 0] = 0
        inner[torch.arange(len(texts)), mask.sum(1).long() - 1] = 0
        return whole, normalize(states, dim=2), inner

    def both_ways(similarity: torch.Tensor) -> torch.Tensor:
        target = torch.arange(len(similarity))
        return (cross_entropy(SCALE * similarity, target) + cross_entropy(SCALE * similarity.T, target)) / 2

    order: list[int] = []
    bar = tqdm(range(steps), disable=None)
    for step in bar:
        if len(order) < BATCH:
            order = random.sample(range(len(rows)), len(rows))
        batch = [rows[order.pop()] for _ in range(BATCH)]
        ones = encode([questions[0] for questions, _, _ in batch])
        others = encode([questions[-1] for questions, _, _ in batch])
        if step % CHUNK_EVERY == CHUNK_EVERY - 1:
            whole = encode([chunk for _, _, chunk in batch])[0]
            loss = both_ways(ones[0] @ whole.T) + both_ways(others[0] @ whole.T)
        else:
            sentences = encode([sentence for _, sentence, _ in batch])
            loss = both_ways(ones[0] @ others[0].T)
            for questions in (ones, others):
                loss = loss + both_ways(questions[0] @ sentences[0].T) + both_ways(_max_sim(questions, sentences))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.2f}")
        if step % 10 == 9:
            print(step, steps, round(loss.item(), 2), flush=True)
    return {
        f"{name}{end}": tensor.detach().half().contiguous()
        for name, layer in layers.items()
        for end, tensor in ((DOWN, layer.down), (UP, layer.up))
    }


def _max_sim(
    questions: tuple[torch.Tensor, torch.Tensor, torch.Tensor], sentences: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """Return the (n_questions, n_sentences) mean over a question's tokens of the best cosine with a sentence's token."""
    _, tokens, inner = questions
    _, others, inner_others = sentences
    cosines = torch.einsum("qid,sjd->qsij", tokens, others)
    best = cosines.masked_fill(inner_others[None, :, None, :] == 0, -1.0).max(dim=3).values
    return (best * inner[:, None, :]).sum(2) / inner.sum(1)[:, None].clamp(min=1)


def main() -> int:
    """Train, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ADAPTER_FILE)
    out = parser.parse_args().out
    from sentence_transformers import SentenceTransformer

    from rag import models

    settings = Settings(llm="none")
    model = SentenceTransformer(models.embedder_path(settings.embedding_model), device="cpu")
    rows = examples(settings, lambda text: len(model.tokenizer(text, truncation=False, verbose=False)["input_ids"]))
    print(f"{len(rows)} sentences with {sum(len(questions) for questions, _, _ in rows)} questions")
    save_file(train(model, rows), out)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
