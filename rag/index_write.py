"""Documents and chunks -> a build of the index, beside the live one, and the switch to it.

A build is written beside the live one and takes its place by one rename, so a killed build leaves the old index serving. Vectors of chunks that
did not change are taken over, not computed again. Does not split documents; what a build looks like to a reader is `index`'s.
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from rag.errors import VectorIndexError
from rag.index import Fingerprint, VectorIndex, live_build, open_client, open_index, sentence_id
from rag.schema import Chunk, Document, Skipped
from rag.text import content_stems
from rag.token_vectors import pack, write_token_vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

EMBED_BATCH = 1024  # texts between two steps of the progress bar; the model sorts them by length, so larger is faster
# Wide search and one thread: a graph that several threads fill differs from one process to the next, and so did the passages of 14 of 150 questions.
SPACE = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32, "num_threads": 1}}


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did, in counts; `changed` is False when there was nothing to do."""

    documents: int
    chunks: int
    sentences: int
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
    encode: Callable[[list[str]], np.ndarray],
    encode_sentences: Callable[[list[str]], tuple[np.ndarray, list[np.ndarray]]],
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
        encode_sentences: The same for sentences, with the (n_tokens, dim) unit vectors of each.
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
            counts = _write_build(build, old, documents, chunks, encode, encode_sentences, progress)
            _write_manifest(build, documents, chunks, counts["sentences"], fingerprint, skipped)
            _switch(index_dir, build.name)
            _remove_leftovers(index_dir)
    except OSError as exc:
        raise VectorIndexError(
            f"the index could not be written to {str(index_dir)!r}: {exc.strerror or exc}; the old one still serves."
        ) from exc
    seconds = time.perf_counter() - began
    return BuildReport(len(documents), len(chunks), skipped=tuple(skipped), changed=True, seconds=seconds, **counts)


def _write_build(
    build: Path,
    old: "VectorIndex | None",
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    encode: Callable[[list[str]], np.ndarray],
    encode_sentences: Callable[[list[str]], tuple[np.ndarray, list[np.ndarray]]],
    progress: Callable[[int, int], None] | None,
) -> dict[str, int]:
    client = open_client(build)
    texts = {chunk.chunk_id: f"{chunk.header}\n{chunk.text}" for chunk in chunks}
    sentences = {
        sentence_id(chunk.chunk_id, n): chunk.text[span.start : span.end] for chunk in chunks for n, span in enumerate(chunk.sentences)
    }
    kept = old.vectors("chunks", list(texts)) if old else {}
    kept_sentences = old.vectors("sentences", list(sentences)) if old else {}
    to_do = len(texts) - len(kept) + len(sentences) - len(kept_sentences)
    done = 0

    def vectors_of(
        wanted: dict[str, str], known: dict[str, np.ndarray], encode: Callable[[list[str]], np.ndarray]
    ) -> dict[str, np.ndarray]:
        nonlocal done
        vectors = dict(known)
        missing = [key for key in wanted if key not in known]
        for at in range(0, len(missing), EMBED_BATCH):
            batch = missing[at : at + EMBED_BATCH]
            vectors.update(zip(batch, encode([wanted[key] for key in batch]), strict=True))
            done += len(batch)
            if progress:
                progress(done, to_do)
        return vectors

    kind = {document.source.document_id: document.source.kind for document in documents}
    chunk_vectors = vectors_of(texts, kept, encode)
    _fill(
        client,
        "chunks",
        [
            (
                chunk.chunk_id,
                chunk_vectors[chunk.chunk_id],
                chunk.text,
                {
                    "document_id": chunk.document_id,
                    "kind": kind[chunk.document_id],
                    "section": chunk.section,
                    "start": chunk.start,
                    "end": chunk.end,
                    "sentences": json.dumps([[span.start, span.end] for span in chunk.sentences]),
                },
            )
            for chunk in chunks
        ],
    )
    new_tokens: list[np.ndarray] = []

    def encode_and_keep_tokens(batch: list[str]) -> np.ndarray:
        vectors, tokens = encode_sentences(batch)
        new_tokens.extend(pack(one) for one in tokens)
        return vectors

    sentence_vectors = vectors_of(sentences, kept_sentences, encode_and_keep_tokens)
    new = [key for key in sentences if key not in kept_sentences]
    write_token_vectors(build, [*zip(new, new_tokens, strict=True), *(old.tokens.packed(kept_sentences) if old else ())])
    owner = {sentence_id(chunk.chunk_id, n): chunk for chunk in chunks for n in range(len(chunk.sentences))}
    _fill(
        client,
        "sentences",
        [
            (key, sentence_vectors[key], text, {"document_id": owner[key].document_id, "chunk_id": owner[key].chunk_id})
            for key, text in sentences.items()
        ],
    )
    _write_bm25(build, chunks)
    return {
        "sentences": len(sentences),
        "embedded_chunks": len(texts) - len(kept),
        "embedded_sentences": len(sentences) - len(kept_sentences),
        "removed_chunks": old.n_chunks - len(kept) if old else 0,
    }


def _write_manifest(
    build: Path,
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    sentences: int,
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
        "sentences": sentences,
        "skipped": [asdict(one) for one in skipped],
    }
    (build / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def _fill(client: "ClientAPI", name: str, rows: list[tuple[str, np.ndarray, str, dict[str, Any]]]) -> None:
    collection = client.create_collection(name, configuration=SPACE, embedding_function=None)  # type: ignore[arg-type]
    step = client.get_max_batch_size()
    for at in range(0, len(rows), step):
        keys, vectors, texts, metadata = zip(*rows[at : at + step], strict=True)
        collection.add(ids=list(keys), embeddings=np.stack(vectors), documents=list(texts), metadatas=list(metadata))


def _write_bm25(build: Path, chunks: Sequence[Chunk]) -> None:
    import bm25s

    stems = [content_stems(f"{chunk.header}\n{chunk.text}") for chunk in chunks]
    frequency = Counter(stem for words in stems for stem in set(words))
    index = bm25s.BM25(method="lucene")
    index.index([words or [""] for words in stems], show_progress=False)
    index.save(str(build / "bm25"), show_progress=False)
    rows = {"ids": [chunk.chunk_id for chunk in chunks], "documents": [chunk.document_id for chunk in chunks], "frequency": frequency}
    (build / "bm25.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


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
