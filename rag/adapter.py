"""A small change of the embedding model's weights, trained on the attached questions (`evals/train_adapter.py`): merged when the model is loaded.

Low-rank: of each linear layer, `up @ down` is added to its weights, so encoding costs what it did. Fits the one model it was trained for.
"""

from pathlib import Path
from typing import Any

DOWN, UP = ".down", ".up"  # endings of a layer's two tensors, (rank, inputs) and (outputs, rank)


def encoder_of(model: Any) -> Any:
    """Return the transformer of a sentence-transformers model; releases of the library name it differently."""
    return model[0].auto_model if hasattr(model[0], "auto_model") else model[0].model


def apply_adapter(model: Any, path: Path) -> None:
    """Add an adapter to the weights of a loaded sentence-transformers model, in place.

    Raises:
        ValueError: the file belongs to another model: a layer is missing or has another size.
    """
    import torch
    from safetensors.torch import load_file

    tensors = load_file(path)
    layers = dict(encoder_of(model).named_modules())
    with torch.no_grad():
        for name in sorted({key.rsplit(".", 1)[0] for key in tensors}):
            change = tensors[name + UP].float() @ tensors[name + DOWN].float()
            if name not in layers or layers[name].weight.shape != change.shape:
                raise ValueError(f"{path.name} was trained for another model: it has no layer {name} of this size")
            layers[name].weight += change
