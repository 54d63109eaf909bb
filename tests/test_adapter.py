"""rag.adapter: the change is added to the weights, is told apart in the fingerprint, and refuses a model that it was not trained for."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rag.adapter import DOWN, UP
from rag.build import make_embedder
from rag.errors import ModelFileError
from rag.models import ADAPTER_FILE, adapter_path, embedder_revision
from rag.settings import Settings


def embedder(adapter: str):  # type: ignore[no-untyped-def]
    return make_embedder(Settings(llm="none", embedding_adapter=adapter))


def test_the_adapter_brings_a_lay_question_nearer_to_its_sentence() -> None:
    question = "Once the cancer has got into the bones, can doctors ever get rid of it for good?"
    sentence = "Bone metastases can seldom be cured, but treatment may relieve pain and prevent complications."
    other = "A bone scan shows osteoblastic activity in the whole skeleton."

    def margin(adapter: str) -> float:
        model = embedder(adapter)
        near, far = model.encode_documents([sentence, other]) @ model.encode_query(question)
        return float(near - far)

    assert margin("auto") > margin("none")


def test_an_adapter_of_zeros_changes_nothing_and_another_one_does(tmp_path: Path) -> None:
    tensors = load_file(ADAPTER_FILE)
    zeros, half = tmp_path / "zeros.safetensors", tmp_path / "half.safetensors"
    save_file({name: tensor * 0 for name, tensor in tensors.items()}, zeros)
    save_file({name: tensor * np.float16(0.5 if name.endswith(UP) else 1) for name, tensor in tensors.items()}, half)
    plain, with_zeros, with_half = (embedder(str(path)).encode_query("bone pain at night") for path in ("none", zeros, half))
    assert np.allclose(plain, with_zeros, atol=1e-6)
    assert not np.allclose(plain, with_half, atol=1e-2)


def test_an_adapter_of_another_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({f"encoder.layer.0.no.such{DOWN}": np.zeros((2, 3)), f"encoder.layer.0.no.such{UP}": np.zeros((3, 2))}, other)
    with pytest.raises(ModelFileError, match="trained for another model"):
        embedder(str(other)).encode_query("bone")


def test_the_revision_tells_an_adapter_from_none() -> None:
    assert embedder("auto").revision != embedder("none").revision
    assert embedder("none").revision == embedder_revision("all-MiniLM-L6-v2")


@pytest.mark.parametrize(
    ("model", "adapter", "expected"),
    [("all-MiniLM-L6-v2", "auto", ADAPTER_FILE), ("all-MiniLM-L6-v2", "none", None), ("other/model", "auto", None)],
)
def test_our_adapter_is_for_the_packaged_model_only(model: str, adapter: str, expected: Path | None) -> None:
    assert adapter_path(model, adapter) == expected


def test_a_missing_adapter_is_named() -> None:
    with pytest.raises(ModelFileError, match="RAG_EMBEDDING_ADAPTER"):
        adapter_path("all-MiniLM-L6-v2", "/no/such/file")
