"""Osseous: cited, checked answers from a small medical library. The front door; start reading at `rag/pipeline.py`."""

from rag.schema import Answer
from rag.settings import Settings

__all__ = ["Answer", "Settings", "build_pipeline"]


def __getattr__(name: str) -> object:
    if name == "build_pipeline":  # imported when asked for: it brings the vector store along
        from rag.pipeline import build_pipeline

        return build_pipeline
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
