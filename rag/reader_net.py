"""The network that reads a question beside a sentence, on the token vectors that both already have. Its weights: `reader.safetensors`.

Two layers of attention over the question's tokens, the sentence's tokens and the vector of the chunk that the sentence stands in. Reading starts
from finished token vectors (after PreTTR, MacAvaney and others 2020, doi:10.1145/3397271.3401093), so it costs a hundredth of a cross-encoder. Trained
by `evals/train_reader.py`; imported late, since it needs torch.
"""

from dataclasses import dataclass

import torch
from torch import nn

WIDTH, HEADS, LAYERS, DROPOUT = 112, 4, 2, 0.1
SCALE = 8.0  # of a component of a unit vector of 384, so that it is of the order of 0.4
NEARNESS_SCALE = 4.0  # of a cosine


@dataclass(frozen=True, slots=True)
class Pairs:
    """Questions and sentences, a pair a row: token vectors (n, tokens, dim) with masks, 1 for a token; the vectors of question and chunk (n, dim); and
    how near each token of the question comes to the questions attached to the sentence, (n, tokens)."""

    question: torch.Tensor
    question_mask: torch.Tensor
    whole: torch.Tensor
    sentence: torch.Tensor
    sentence_mask: torch.Tensor
    chunk: torch.Tensor
    attached: torch.Tensor


class ReaderNet(nn.Module):
    """Pairs -> how likely each sentence is to answer its question: logits, (n,), 0 where it is no better than no answer."""

    def __init__(self, dim: int = 384) -> None:
        super().__init__()
        self.project = nn.Linear(dim, WIDTH)
        self.part = nn.Parameter(torch.randn(3, WIDTH) * 0.02)  # question, sentence, chunk
        self.question_nearness = nn.Linear(3, WIDTH)
        self.sentence_nearness = nn.Linear(1, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, DROPOUT, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.from_reading = nn.Linear(WIDTH, 1)
        self.from_nearness = nn.Linear(4, 1)

    def forward(self, pairs: Pairs) -> torch.Tensor:
        """Return the logits."""
        asked, said = pairs.question_mask, pairs.sentence_mask
        cosines = (pairs.question @ pairs.sentence.transpose(1, 2)).masked_fill(~said[:, None, :], -1.0)
        to_sentence = cosines.max(dim=2).values.masked_fill(~asked, 0.0)
        to_question = cosines.masked_fill(~asked[:, :, None], -1.0).max(dim=1).values.masked_fill(~said, 0.0)
        to_chunk = (pairs.question @ pairs.chunk[..., None])[..., 0].masked_fill(~asked, 0.0)
        nearness = torch.stack([to_sentence, pairs.attached, to_chunk], dim=-1) * NEARNESS_SCALE
        tokens = torch.cat(
            [
                (self.project(pairs.chunk * SCALE) + self.part[2])[:, None],
                self.project(pairs.question * SCALE) + self.part[0] + self.question_nearness(nearness),
                self.project(pairs.sentence * SCALE) + self.part[1] + self.sentence_nearness(to_question[..., None] * NEARNESS_SCALE),
            ],
            dim=1,
        )
        padding = torch.cat([torch.zeros(len(asked), 1, dtype=torch.bool), ~asked, ~said], dim=1)
        read = self.norm(self.layers(tokens, src_key_padding_mask=padding)[:, 0])
        counted = asked.sum(dim=1).clamp(min=1)
        overall = [
            (pairs.whole * pairs.chunk).sum(dim=1),
            to_sentence.sum(dim=1) / counted,
            to_sentence.masked_fill(~asked, 2.0).min(dim=1).values,
            pairs.attached.sum(dim=1) / counted,
        ]
        logits: torch.Tensor = self.from_reading(read)[:, 0] + self.from_nearness(torch.stack(overall, dim=1) * NEARNESS_SCALE)[:, 0]
        return logits
