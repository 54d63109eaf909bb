"""What the trainings of small networks share: the loop, and the file that the weights are kept in."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

from rag.networks import REVISION

LAST_SHARE = 0.02  # of the learning rate, at the end


def train_network(
    net: nn.Module, loss_of_step: Callable[[], torch.Tensor], steps: int, *, learning_rate: float, weight_decay: float, warm_up: int
) -> None:
    """Train a network in place with AdamW; the learning rate rises over `warm_up` steps and falls to almost nothing.

    Args:
        net: The network.
        loss_of_step: Draws a batch and returns its loss.
        steps: How many.
        learning_rate: The highest.
        weight_decay: Of AdamW.
        warm_up: Steps.
    """
    optimizer = torch.optim.AdamW(net.parameters(), learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / warm_up) * max(LAST_SHARE, 1 - step / steps))
    bar = tqdm(range(steps), mininterval=10)
    for _ in bar:
        loss = loss_of_step()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.2f}", refresh=False)


def save_network(net: nn.Module, path: Path, revision: str) -> None:
    """Write a network's weights in half precision, with the embedding model's revision, and say how much that is."""
    save_file({name: tensor.half().contiguous() for name, tensor in net.state_dict().items()}, path, metadata={REVISION: revision})
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
