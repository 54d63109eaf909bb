"""Documents and chunks -> a build of the index, beside the live one, and the switch to it.

A build is written beside the live one and takes its place by one rename, so a killed build leaves the old index serving. Vectors of chunks that
did not change are taken over, not computed again. Does not split documents; what a build looks like to a reader is `index`'s.
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from rag.errors import VectorIndexError
from rag.index import Fingerprint, VectorIndex, live_build, open_index
from rag.index_fill import Encode, EncodeSentences, Questions, fill_build
from rag.schema import Chunk, Document, Skipped


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did, in counts; `changed` is False when there was nothing to do."""

    documents: int
    chunks: int
    sentences: int
    questions: int
    embedded_chunks: int
    embedded_sentences: int
    removed_chunks: int
    skipped: tuple[Skipped, ...]
    changed: bool
    seconds: float


def write_index(
    index_dir: Path,
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    fingerprint: Fingerprint,
    *,
    encode: Encode,
    encode_sentences: EncodeSentences,
    questions: Questions | None = None,
    skipped: Sequence[Skipped] = (),
    progress: Callable[[int, int], None] | None = None,
    rebuild: bool = False,
) -> BuildReport:
    """Write a new build and switch to it.

    Args:
        index_dir: The index folder; made if missing.
        documents: All documents of the corpus.
        chunks: All chunks of those documents.
        fingerprint: What the build is made with.
        encode: Chunks' texts to (n, dim) float32 unit vectors; called for new texts only.
        encode_sentences: The same for sentences and questions, with the (n_tokens, dim) unit vectors of each.
        questions: Questions that sentences answer, by document id and sentence.
        skipped: Files that were not read, kept in the manifest for later reports.
        progress: Called with (texts embedded, texts to embed).
        rebuild: Compute every vector again.

    Raises:
        VectorIndexError: the folder cannot be written.
    """
    began = time.perf_counter()
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(index_dir / ".lock"):
            old = None if rebuild else _reusable(index_dir, fingerprint)
            build = index_dir / f"build-{time.time_ns()}"
            _remove_leftovers(index_dir)
            build.mkdir()
            counts = fill_build(
                build, old, documents, chunks, questions or {}, encode=encode, encode_sentences=encode_sentences, progress=progress
            )
            _write_manifest(build, documents, chunks, counts, fingerprint, skipped)
            _switch(index_dir, build.name)
            _remove_leftovers(index_dir)
    except OSError as exc:
        raise VectorIndexError(
            f"the index could not be written to {str(index_dir)!r}: {exc.strerror or exc}; the old one still serves."
        ) from exc
    seconds = time.perf_counter() - began
    return BuildReport(len(documents), len(chunks), skipped=tuple(skipped), changed=True, seconds=seconds, **counts)


def _write_manifest(
    build: Path,
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    counts: Mapping[str, int],
    fingerprint: Fingerprint,
    skipped: Sequence[Skipped],
) -> None:
    """Write what a reader needs to know of the build; written last, so a build without it is not whole."""
    chunks_of = Counter(chunk.document_id for chunk in chunks)
    manifest = {
        "fingerprint": asdict(fingerprint),
        "documents": [asdict(document.source) for document in documents],
        "chunks_of": chunks_of,
        "chunks": len(chunks),
        "sentences": counts["sentences"],
        "questions": counts["questions"],
        "skipped": [asdict(one) for one in skipped],
    }
    (build / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def _reusable(index_dir: Path, fingerprint: Fingerprint) -> VectorIndex | None:
    """Return the live index if its vectors were made as ours are: same model and revision; None where there is nothing to take over."""
    try:
        old = open_index(
            index_dir,
            embedding_model=fingerprint.embedding_model,
            revision=fingerprint.revision,
            chunk_tokens=fingerprint.chunk_tokens,
        )
    except VectorIndexError:
        return None
    return old


def _switch(index_dir: Path, build_name: str) -> None:
    pointer = index_dir / "CURRENT.new"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(build_name + "\n")
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(index_dir / "CURRENT")


def _remove_leftovers(index_dir: Path) -> None:
    """Delete killed builds and all but the live and the one before it, which a running page may still read."""
    live = live_build(index_dir).name if (index_dir / "CURRENT").is_file() else ""
    complete = sorted(path.parent.name for path in index_dir.glob("build-*/manifest.json") if path.parent.name != live)
    for path in index_dir.glob("build-*"):
        if path.name not in {live, *complete[-1:]}:
            shutil.rmtree(path, ignore_errors=True)
