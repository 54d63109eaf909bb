"""The network that reads a worded sentence beside its evidence, on token vectors. Its weights: `entailment.safetensors`.

Two layers of attention over the tokens of the sentence, each beside its nearest counterpart in the evidence, and over those of the evidence (after
the decomposable attention of Parikh and others 2016, arXiv 1606.01933). Trained by `evals/train_entailment.py`; imported late, since it needs torch.
"""

from dataclasses import dataclass

import torch
from torch import nn

WIDTH, HEADS, LAYERS, DROPOUT = 112, 4, 2, 0.1
SCALE = 8.0  # of a component of a unit vector of 384, so that it is of the order of 0.4
NEARNESS_SCALE = 4.0  # of a cosine
LEAST = 2  # tokens of the sentence with the least counterpart that are looked at apart


@dataclass(frozen=True, slots=True)
class Claims:
    """Sentences and their evidence, a pair a row: token vectors (n, tokens, dim) with masks, 1 for a token."""

    claim: torch.Tensor
    claim_mask: torch.Tensor
    evidence: torch.Tensor
    evidence_mask: torch.Tensor


class EntailmentNet(nn.Module):
    """Claims -> how likely the evidence states each sentence: logits, (n,)."""

    def __init__(self, dim: int = 384) -> None:
        super().__init__()
        self.project = nn.Linear(dim, WIDTH)
        self.project_difference = nn.Linear(dim, WIDTH)
        self.part = nn.Parameter(torch.randn(3, WIDTH) * 0.02)  # the whole, the sentence, the evidence
        self.claim_nearness = nn.Linear(2, WIDTH)
        self.evidence_nearness = nn.Linear(1, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, DROPOUT, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.from_reading = nn.Linear(2 * WIDTH, 1)
        self.from_nearness = nn.Linear(1 + LEAST, 1)

    def forward(self, claims: Claims) -> torch.Tensor:
        """Return the logits."""
        claim, said, evidence, told = claims.claim, claims.claim_mask, claims.evidence, claims.evidence_mask
        cosines = claim @ evidence.transpose(1, 2)
        nearest = cosines.masked_fill(~told[:, None, :], -1.0).topk(2, dim=2)
        to_evidence = nearest.values[..., 0]
        to_claim = cosines.masked_fill(~said[:, :, None], -1.0).max(dim=1).values.masked_fill(~told, 0.0)
        counterpart = torch.gather(evidence, 1, nearest.indices[..., :1].expand(-1, -1, evidence.shape[2]))
        tokens = torch.cat(
            [
                self.part[0].expand(len(claim), 1, WIDTH),
                self.project(claim * SCALE)
                + self.project_difference((claim - counterpart) * SCALE)
                + self.claim_nearness(nearest.values * NEARNESS_SCALE)
                + self.part[1],
                self.project(evidence * SCALE) + self.evidence_nearness(to_claim[..., None] * NEARNESS_SCALE) + self.part[2],
            ],
            dim=1,
        )
        padding = torch.cat([torch.zeros(len(claim), 1, dtype=torch.bool), ~said, ~told], dim=1)
        read = self.norm(self.layers(tokens, src_key_padding_mask=padding))
        worst = read[:, 1 : 1 + claim.shape[1]].masked_fill(~said[..., None], -9.0).max(dim=1).values
        least = to_evidence.masked_fill(~said, 1.0).sort(dim=1).values[:, :LEAST]
        mean = to_evidence.masked_fill(~said, 0.0).sum(dim=1) / said.sum(dim=1).clamp(min=1)
        overall = torch.cat([mean[:, None], least], dim=1) * NEARNESS_SCALE
        logits: torch.Tensor = self.from_reading(torch.cat([read[:, 0], worst], dim=1))[:, 0] + self.from_nearness(overall)[:, 0]
        return logits
