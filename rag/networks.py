"""Small trained networks, each a safetensors file beside the code: which embedding model one fits, its weights at first use, its input padded.

What they read and what for is said where they are used (`reader`, `entailment`).
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelFileError

if TYPE_CHECKING:
    from torch import nn

REVISION = "embedding_revision"  # key of a file's metadata: the embedding model that it was trained with
Net = TypeVar("Net", bound="nn.Module")


class Trained(Generic[Net]):
    """A network with the weights of a file, read at first use. Safe to use from several threads.

    Args:
        path: The file.
        make: Makes the network; called late, since it needs torch.
    """

    def __init__(self, path: Path, make: Callable[[], Net]) -> None:
        self._path = path
        self._make = make
        self._net: Net | None = None
        self._lock = threading.Lock()

    def net(self) -> Net:
        """Return the network, ready to be asked."""
        with self._lock:
            if self._net is None:
                from safetensors.torch import load_file

                net = self._make()
                net.load_state_dict({name: tensor.float() for name, tensor in load_file(self._path).items()})
                self._net = net.eval()
            return self._net


def fits(path: Path, revision: str, *, what: str, trainer: str) -> bool:
    """Return whether a file is there and was trained with this embedding model.

    Args:
        path: The file.
        revision: The embedding model's.
        what: What the file is, for the message.
        trainer: The module that trains it anew.

    Raises:
        ModelFileError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return False
    try:
        with safe_open(path, "np") as file:
            return bool((file.metadata() or {}).get(REVISION) == revision)
    except (OSError, SafetensorError) as exc:
        raise ModelFileError(f"the {what} {str(path)!r} is damaged ({exc}); fetch it anew, or run 'python -m {trainer}'.") from exc


def padded(matrices: Sequence[NDArray[np.generic]], most: int, *, least: int = 1) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return token vectors as (n, tokens, dim) float32, padded with 0 to the longest or to `least`, and the (n, tokens) mask of what is no padding; cut
    after `most` tokens."""
    longest = max(least, min(most, max(len(matrix) for matrix in matrices)))
    values = np.zeros((len(matrices), longest, matrices[0].shape[1]), np.float32)
    mask = np.zeros((len(matrices), longest), np.bool_)
    for place, matrix in enumerate(matrices):
        cut = matrix[:longest]
        values[place, : len(cut)] = cut
        mask[place, : len(cut)] = True
    return values, mask
