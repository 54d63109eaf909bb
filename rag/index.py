"""The index as it is read: three Chroma collections (chunks, sentences, questions), BM25, token vectors, and a manifest with the fingerprint.

An index folder holds builds side by side and a file CURRENT that names the one in use; `index_write` writes them. Does not decide what is relevant.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import VectorIndexError
from rag.schema import Chunk, Document, Skipped, Source, Span
from rag.token_vectors import TokenVectors

if TYPE_CHECKING:
    import bm25s
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

COLLECTIONS = ("chunks", "sentences", "questions")
FORMAT = 6  # raise when what is stored or how text is cut changes: older indexes are then refused and rebuilt


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


def corpus_fingerprint(documents: Iterable[Document], *others: str) -> str:
    """Return 16 hexadecimal digits of all paths and texts, independent of their order, and of other fingerprints in theirs."""
    lines = sorted(f"{document.path} {hashlib.sha256(document.text.encode()).hexdigest()}" for document in documents)
    return hashlib.sha256("\n".join([*lines, *others]).encode()).hexdigest()[:16]


def is_current(index_dir: Path, fingerprint: Fingerprint) -> bool:
    """Whether the live index was built with exactly this fingerprint."""
    manifest = read_manifest(index_dir)
    return manifest is not None and manifest["fingerprint"] == asdict(fingerprint)


def sentence_id(chunk_id: str, n: int) -> str:
    """Return the id of the n-th sentence (from 0) of a chunk."""
    return f"{chunk_id}/{n}"


def question_id(sentence: str, question: str) -> str:
    """Return the id of a question that is attached to a sentence, by the sentence's id and the question's words."""
    return f"{sentence}?{hashlib.sha256(question.encode()).hexdigest()[:8]}"


def open_index(index_dir: Path, *, embedding_model: str, revision: str, chunk_tokens: int) -> "VectorIndex":
    """Open the live index for reading.

    Raises:
        VectorIndexError: there is none, it is damaged, or it was built with another model or other chunk settings.
    """
    manifest = read_manifest(index_dir)
    if manifest is None:
        raise VectorIndexError(f"no index at {str(index_dir)!r}; run 'python -m rag index'.")
    built = Fingerprint(**manifest["fingerprint"])
    wanted = Fingerprint(embedding_model, revision, chunk_tokens, built.corpus)
    if built != wanted:
        found = f"{built.embedding_model!r} (revision {built.revision[:8]}, {built.chunk_tokens} tokens, format {built.format})"
        asked = f"{wanted.embedding_model!r} (revision {wanted.revision[:8]}, {wanted.chunk_tokens} tokens, format {wanted.format})"
        raise VectorIndexError(f"index at {str(index_dir)!r} was built with {found}; settings ask for {asked}. Run 'python -m rag index'.")
    return VectorIndex(live_build(index_dir), manifest, built)


class VectorIndex:
    """An opened index. Reading only; safe to use from several threads."""

    def __init__(self, build: Path, manifest: dict[str, Any], fingerprint: Fingerprint) -> None:
        try:
            client = open_client(build)
            self._collections: dict[str, Collection] = {name: client.get_collection(name) for name in COLLECTIONS}
            self.tokens = TokenVectors(build)
            self._bm25, self._bm25_ids, self._bm25_documents, self._frequency = _read_bm25(build)
        except Exception as exc:  # Chroma and bm25s raise many kinds for a damaged store; the way out is the same for all
            raise VectorIndexError(
                f"the index at {str(build.parent)!r} is damaged ({type(exc).__name__}); run 'python -m rag index --rebuild'."
            ) from exc
        self.sources = {fields["document_id"]: Source(**fields) for fields in manifest["documents"]}
        self.fingerprint = fingerprint
        self._counts: dict[str, int] = {name: manifest[name] for name in COLLECTIONS}
        self.n_chunks = self._counts["chunks"]
        self.n_sentences = self._counts["sentences"]
        self.n_questions = self._counts["questions"]
        self.chunks_of: dict[str, int] = manifest["chunks_of"]
        self.skipped = tuple(Skipped(**fields) for fields in manifest["skipped"])

    def nearest(self, collection: str, vector: np.ndarray, k: int, document_ids: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """Return (id, cosine similarity) of the k nearest of a collection, best first, optionally within some documents."""
        count = self._counts[collection]
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

    def document_chunks(self, document_id: str) -> list[Chunk]:
        """Return a document's chunks in the order of places; none for an unknown document."""
        rows = zip(self._bm25_ids, self._bm25_documents, strict=True)
        return sorted(self.chunks([key for key, owner in rows if owner == document_id]), key=lambda chunk: chunk.start)

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


def open_client(build: Path) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    return chromadb.PersistentClient(str(build / "chroma"), settings=ChromaSettings(anonymized_telemetry=False))


def _read_bm25(build: Path) -> "tuple[bm25s.BM25, list[str], list[str], dict[str, int]]":
    import bm25s

    rows = json.loads((build / "bm25.json").read_text(encoding="utf-8"))
    return bm25s.BM25.load(str(build / "bm25")), rows["ids"], rows["documents"], rows["frequency"]


def live_build(index_dir: Path) -> Path:
    return index_dir / (index_dir / "CURRENT").read_text(encoding="utf-8").strip()


def read_manifest(index_dir: Path) -> dict[str, Any] | None:
    try:
        manifest: dict[str, Any] = json.loads((live_build(index_dir) / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise VectorIndexError(f"the index at {str(index_dir)!r} is damaged ({exc}); run 'python -m rag index --rebuild'.") from exc
    return manifest
