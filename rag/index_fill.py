"""Chunks, their sentences and attached questions -> the collections, token vectors and BM25 of one build. Embeds what the build before it lacks."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.index import COLLECTIONS, VectorIndex, open_client, question_id, sentence_id
from rag.schema import Chunk, Document
from rag.sentences import readable
from rag.text import content_stems
from rag.token_vectors import pack, write_token_vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

EMBED_BATCH = 1024  # texts between two steps of the progress bar; the model sorts them by length, so larger is faster
# Wide search and one thread: a graph that several threads fill differs from one process to the next, and so did the passages of 14 of 150 questions.
SPACE = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32, "num_threads": 1}}

Encode = Callable[[list[str]], np.ndarray]
EncodeSentences = Callable[[list[str]], tuple[np.ndarray, list[np.ndarray]]]
Questions = Mapping[str, Mapping[str, Sequence[str]]]  # document id -> sentence, as `readable` gives it -> questions that it answers


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a collection: what is embedded, what is stored as its text, and its metadata."""

    embedded: str
    stored: str
    metadata: dict[str, Any]


def fill_build(
    build: Path,
    old: VectorIndex | None,
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    questions: Questions,
    *,
    encode: Encode,
    encode_sentences: EncodeSentences,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]:
    """Write everything of a build but its manifest.

    Args:
        build: The build's folder, empty.
        old: The build before it, whose vectors are taken over where they are for the same text; None computes all.
        documents: All documents.
        chunks: All chunks of those documents.
        questions: Questions attached to sentences; of a document or sentence that is not there, they are left out.
        encode: Chunks' texts to (n, dim) float32 unit vectors.
        encode_sentences: The same for sentences and questions, with the (n_tokens, dim) unit vectors of each.
        progress: Called with (texts embedded, texts to embed).

    Returns:
        Counts by the names of `BuildReport`'s fields.
    """
    client = open_client(build)
    rows = {
        "chunks": _chunk_rows(documents, chunks),
        "sentences": _sentence_rows(chunks),
        "questions": _question_rows(chunks, questions),
    }
    kept = {name: old.vectors(name, list(rows[name])) if old else {} for name in COLLECTIONS}
    to_do = sum(len(rows[name]) - len(kept[name]) for name in COLLECTIONS)
    new_tokens: dict[str, np.ndarray] = {}
    done = 0
    for name in COLLECTIONS:
        vectors = dict(kept[name])
        missing = [key for key in rows[name] if key not in vectors]
        for at in range(0, len(missing), EMBED_BATCH):
            batch = missing[at : at + EMBED_BATCH]
            texts = [rows[name][key].embedded for key in batch]
            if name == "chunks":
                found = encode(texts)
            else:
                found, tokens = encode_sentences(texts)
                new_tokens.update(zip(batch, map(pack, tokens), strict=True))
            vectors.update(zip(batch, found, strict=True))
            done += len(batch)
            if progress:
                progress(done, to_do)
        _fill(client, name, rows[name], vectors)
    taken_over = [*kept["sentences"], *kept["questions"]]
    write_token_vectors(build, [*new_tokens.items(), *(old.tokens.packed(taken_over) if old else ())])
    _write_bm25(build, chunks)
    return {
        "sentences": len(rows["sentences"]),
        "questions": len(rows["questions"]),
        "embedded_chunks": len(rows["chunks"]) - len(kept["chunks"]),
        "embedded_sentences": len(rows["sentences"]) - len(kept["sentences"]),
        "removed_chunks": old.n_chunks - len(kept["chunks"]) if old else 0,
    }


def _chunk_rows(documents: Iterable[Document], chunks: Iterable[Chunk]) -> dict[str, _Row]:
    kind = {document.source.document_id: document.source.kind for document in documents}
    return {
        chunk.chunk_id: _Row(
            f"{chunk.header}\n{chunk.text}",
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
    }


def _sentences(chunks: Iterable[Chunk]) -> Iterable[tuple[Chunk, str, str]]:
    """Yield chunk, sentence id and words of every sentence."""
    for chunk in chunks:
        for n, span in enumerate(chunk.sentences):
            yield chunk, sentence_id(chunk.chunk_id, n), chunk.text[span.start : span.end]


def _sentence_rows(chunks: Iterable[Chunk]) -> dict[str, _Row]:
    return {key: _Row(text, text, _owner(chunk)) for chunk, key, text in _sentences(chunks)}


def _question_rows(chunks: Iterable[Chunk], questions: Questions) -> dict[str, _Row]:
    return {
        question_id(key, question): _Row(question, question, _owner(chunk))
        for chunk, key, text in _sentences(chunks)
        for question in questions.get(chunk.document_id, {}).get(readable(text), ())
    }


def _owner(chunk: Chunk) -> dict[str, Any]:
    return {"document_id": chunk.document_id, "chunk_id": chunk.chunk_id}


def _fill(client: "ClientAPI", name: str, rows: Mapping[str, _Row], vectors: Mapping[str, np.ndarray]) -> None:
    collection = client.create_collection(name, configuration=SPACE, embedding_function=None)  # type: ignore[arg-type]
    step = client.get_max_batch_size()
    keys = list(rows)
    for at in range(0, len(keys), step):
        part = keys[at : at + step]
        collection.add(
            ids=part,
            embeddings=np.stack([vectors[key] for key in part]),
            documents=[rows[key].stored for key in part],
            metadatas=[rows[key].metadata for key in part],
        )


def _write_bm25(build: Path, chunks: Sequence[Chunk]) -> None:
    import bm25s

    stems = [content_stems(f"{chunk.header}\n{chunk.text}") for chunk in chunks]
    frequency = Counter(stem for words in stems for stem in set(words))
    index = bm25s.BM25(method="lucene")
    index.index([words or [""] for words in stems], show_progress=False)
    index.save(str(build / "bm25"), show_progress=False)
    rows = {"ids": [chunk.chunk_id for chunk in chunks], "documents": [chunk.document_id for chunk in chunks], "frequency": frequency}
    (build / "bm25.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
