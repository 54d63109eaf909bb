"""Build, switch and open the index: two Chroma collections (chunks, sentences), BM25, and a manifest with the fingerprint.

An index folder holds builds side by side and a file CURRENT that names the one in use. A build is written beside the live one and takes its
place by one rename, so a killed build leaves the old index serving. Vectors of chunks that did not change are taken over, not computed again.
Does not split documents and does not decide what is relevant.
"""

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from rag.errors import VectorIndexError
from rag.schema import Chunk, Document, Skipped, Source, Span
from rag.text import content_stems
from rag.token_vectors import TokenVectors, pack, write_token_vectors

if TYPE_CHECKING:
    import bm25s
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

FORMAT = 5  # raise when what is stored or how text is cut changes: older indexes are then refused and rebuilt
EMBED_BATCH = 1024  # texts between two steps of the progress bar; the model sorts them by length, so larger is faster
# Wide search and one thread: a graph that several threads fill differs from one process to the next, and so did the passages of 14 of 150 questions.
SPACE = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32, "num_threads": 1}}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an index was built with; an index with another fingerprint is never searched."""

    embedding_model: str
    revision: str
    chunk_tokens: int
    corpus: str
    format: int = FORMAT

    def digest(self) -> str:
        """Return 16 hexadecimal digits of the whole fingerprint."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


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


def corpus_fingerprint(documents: Iterable[Document], library: str = "") -> str:
    """Return 16 hexadecimal digits of all paths and texts, independent of their order, and of the fingerprint of a person's library."""
    lines = sorted(f"{document.path} {hashlib.sha256(document.text.encode()).hexdigest()}" for document in documents)
    return hashlib.sha256("\n".join([*lines, library]).encode()).hexdigest()[:16]


def is_current(index_dir: Path, fingerprint: Fingerprint) -> bool:
    """Whether the live index was built with exactly this fingerprint."""
    manifest = _read_manifest(index_dir)
    return manifest is not None and manifest["fingerprint"] == asdict(fingerprint)


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
    client = _client(build)
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


def sentence_id(chunk_id: str, n: int) -> str:
    """Return the id of the n-th sentence (from 0) of a chunk."""
    return f"{chunk_id}/{n}"


def open_index(index_dir: Path, *, embedding_model: str, revision: str, chunk_tokens: int) -> "VectorIndex":
    """Open the live index for reading.

    Raises:
        VectorIndexError: there is none, it is damaged, or it was built with another model or other chunk settings.
    """
    manifest = _read_manifest(index_dir)
    if manifest is None:
        raise VectorIndexError(f"no index at {str(index_dir)!r}; run 'python -m rag index'.")
    built = Fingerprint(**manifest["fingerprint"])
    wanted = Fingerprint(embedding_model, revision, chunk_tokens, built.corpus)
    if built != wanted:
        found = f"{built.embedding_model!r} (revision {built.revision[:8]}, {built.chunk_tokens} tokens, format {built.format})"
        asked = f"{wanted.embedding_model!r} (revision {wanted.revision[:8]}, {wanted.chunk_tokens} tokens, format {wanted.format})"
        raise VectorIndexError(f"index at {str(index_dir)!r} was built with {found}; settings ask for {asked}. Run 'python -m rag index'.")
    return VectorIndex(_live_build(index_dir), manifest, built)


class VectorIndex:
    """An opened index. Reading only; safe to use from several threads."""

    def __init__(self, build: Path, manifest: dict[str, Any], fingerprint: Fingerprint) -> None:
        try:
            client = _client(build)
            self._collections: dict[str, Collection] = {name: client.get_collection(name) for name in ("chunks", "sentences")}
            self.tokens = TokenVectors(build)
            self._bm25, self._bm25_ids, self._bm25_documents, self._frequency = _read_bm25(build)
        except Exception as exc:  # Chroma and bm25s raise many kinds for a damaged store; the way out is the same for all
            raise VectorIndexError(
                f"the index at {str(build.parent)!r} is damaged ({type(exc).__name__}); run 'python -m rag index --rebuild'."
            ) from exc
        self.sources = {fields["document_id"]: Source(**fields) for fields in manifest["documents"]}
        self.fingerprint = fingerprint
        self.n_chunks: int = manifest["chunks"]
        self.n_sentences: int = manifest["sentences"]
        self.chunks_of: dict[str, int] = manifest["chunks_of"]
        self.skipped = tuple(Skipped(**fields) for fields in manifest["skipped"])

    def nearest(self, collection: str, vector: np.ndarray, k: int, document_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """Return (id, cosine similarity) of the k nearest "chunks" or "sentences", best first, optionally within some documents."""
        count = self.n_chunks if collection == "chunks" else self.n_sentences
        if count == 0 or document_ids == []:
            return []
        found = self._collections[collection].query(
            query_embeddings=[vector.tolist()],
            n_results=min(k, count),
            where={"document_id": {"$in": list(document_ids)}} if document_ids is not None else None,  # type: ignore[dict-item]
            include=["distances"],
        )
        distances = (found["distances"] or [[]])[0]
        pairs = [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], distances, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))  # ties by id, so that runs repeat

    def bm25(self, stems: list[str], k: int, document_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """Return (chunk id, BM25 relevance) of at most k chunks that share a stem with the query, best first; ties by id."""
        known = [stem for stem in stems if stem in self._frequency]
        if not known:
            return []
        relevance = self._bm25.get_scores(known)
        if document_ids is not None:
            allowed = set(document_ids)
            relevance = relevance * np.array([document in allowed for document in self._bm25_documents])
        best = np.argsort(-relevance, kind="stable")[:k]
        return [(self._bm25_ids[place], float(relevance[place])) for place in best if relevance[place] > 0]

    def rarity(self, stem: str) -> float:
        """Return the inverse document frequency of a stem over chunks: ln(1 + n / (1 + df)); highest for a stem the corpus lacks."""
        return float(np.log(1 + self.n_chunks / (1 + self._frequency.get(stem, 0))))

    def knows(self, stem: str) -> bool:
        """Whether a stem occurs anywhere in the corpus."""
        return stem in self._frequency

    @property
    def known_stems(self) -> AbstractSet[str]:
        """All stems that occur in the corpus."""
        return self._frequency.keys()

    @property
    def chunk_ids(self) -> list[str]:
        """The ids of all chunks, in the order of documents and places."""
        return list(self._bm25_ids)

    def chunks(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        """Return chunks by id, in the order asked; their header is empty, since it is only for embedding."""
        if not chunk_ids:
            return []
        found = self._collections["chunks"].get(ids=list(chunk_ids), include=["documents", "metadatas"])
        texts, metadata = found["documents"] or [], found["metadatas"] or []
        by_id = {key: (text, fields) for key, text, fields in zip(found["ids"], texts, metadata, strict=True)}
        return [_chunk(key, *by_id[key]) for key in chunk_ids if key in by_id]

    def vectors(self, collection: str, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the stored vectors of those ids that are there, (dim,) float32 each."""
        vectors: dict[str, np.ndarray] = {}
        for at in range(0, len(keys), 5000):
            found = self._collections[collection].get(ids=list(keys[at : at + 5000]), include=["embeddings"])
            stored = found["embeddings"] if found["embeddings"] is not None else []
            vectors.update({key: np.asarray(vector, dtype=np.float32) for key, vector in zip(found["ids"], stored, strict=True)})
        return vectors


def _chunk(key: str, text: str, fields: Any) -> Chunk:
    sentences = tuple(Span(start, end) for start, end in json.loads(fields["sentences"]))
    return Chunk(key, fields["document_id"], fields["section"], fields["start"], fields["end"], text, "", sentences)


def _client(build: Path) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    return chromadb.PersistentClient(str(build / "chroma"), settings=ChromaSettings(anonymized_telemetry=False))


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


def _read_bm25(build: Path) -> "tuple[bm25s.BM25, list[str], list[str], dict[str, int]]":
    import bm25s

    rows = json.loads((build / "bm25.json").read_text(encoding="utf-8"))
    return bm25s.BM25.load(str(build / "bm25")), rows["ids"], rows["documents"], rows["frequency"]


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


def _live_build(index_dir: Path) -> Path:
    return index_dir / (index_dir / "CURRENT").read_text(encoding="utf-8").strip()


def _read_manifest(index_dir: Path) -> dict[str, Any] | None:
    try:
        manifest: dict[str, Any] = json.loads((_live_build(index_dir) / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise VectorIndexError(f"the index at {str(index_dir)!r} is damaged ({exc}); run 'python -m rag index --rebuild'.") from exc
    return manifest


def _switch(index_dir: Path, build_name: str) -> None:
    pointer = index_dir / "CURRENT.new"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(build_name + "\n")
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(index_dir / "CURRENT")


def _remove_leftovers(index_dir: Path) -> None:
    """Delete killed builds and all but the live and the one before it, which a running page may still read."""
    live = _live_build(index_dir).name if (index_dir / "CURRENT").is_file() else ""
    complete = sorted(path.parent.name for path in index_dir.glob("build-*/manifest.json") if path.parent.name != live)
    for path in index_dir.glob("build-*"):
        if path.name not in {live, *complete[-1:]}:
            shutil.rmtree(path, ignore_errors=True)
