"""Where a run's numbers come from: fingerprints of corpus, index, prompts, settings and code, model names, package versions.

Two runs with the same provenance give the same numbers but latency; the keys of the cache are made of it.
"""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rag.pipeline import Pipeline
from rag.settings import PROJECT_DIR

PACKAGES = (
    "torch", "sentence-transformers", "transformers", "tokenizers", "numpy", "chromadb", "bm25s", "PyStemmer", "pysbd", "rapidfuzz", "langchain-core",
    "langchain-openai", "xllamacpp", "ragas",
)  # fmt: skip
WEIGHTS = ("*.json", "*.safetensors")  # of trained models: answers kept from before others were trained would be wrong


def provenance(pipeline: Pipeline, *, engine: str) -> dict[str, Any]:
    """Return all that decides on the numbers of a run."""
    model = pipeline.language_model
    return {
        "engine": engine,
        "model": model.name if model else None,
        "embedding_model": pipeline.embedder.name,
        "fingerprints": {
            **pipeline.fingerprints,
            "code": code_fingerprint(PROJECT_DIR / "rag", *WEIGHTS),
            "evals": code_fingerprint(PROJECT_DIR / "evals"),
        },
        "packages": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def code_fingerprint(folder: Path, *others: str) -> str:
    """Return 16 hexadecimal digits of the code, data and prompt files below a folder, and of files that match other patterns."""
    digest = hashlib.sha256()
    patterns = ("*.py", "*.yaml", "*.md", *others)
    for path in sorted(path for pattern in patterns for path in folder.rglob(pattern) if "runs" not in path.parts):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
