"""Text -> vectors, queries and documents encoded differently where the model does so. The only module that loads sentence-transformers.

Loading takes seconds (torch), so it happens at first use or when `warm_up` is called in the background, never at import.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from langchain_core.embeddings import Embeddings

from rag.adapter import apply_adapter
from rag.errors import ModelFileError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

QUERIES_REMEMBERED = 16
Vectors = np.ndarray  # (n, dim) float32, rows of unit length


class Embedder(Protocol):
    """What index and retrieval need of an embedding model. Tests put a hashing one in its place."""

    name: str
    revision: str

    def encode_documents(self, texts: list[str]) -> Vectors:
        """Return (n, dim) float32 unit vectors of texts to be found."""
        ...

    def encode_query(self, query: str) -> Vectors:
        """Return the (dim,) float32 unit vector of a query."""
        ...

    def encode_sentences(self, sentences: list[str]) -> tuple[Vectors, list[Vectors]]:
        """Return the vectors of `encode_documents`, and of each sentence its tokens' (n_tokens, dim) float32 unit vectors."""
        ...

    def encode_query_tokens(self, query: str, synonyms: str = "") -> tuple[Vectors, Vectors]:
        """Return the vector of a query with its synonyms, and the (n_tokens, dim) float32 unit vectors of the query's own tokens beside them."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the model's own token count of a text, special tokens included."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens beyond which the model cuts its input."""
        ...


class RememberingEncoder:
    """Encodes texts as documents and remembers their vectors: the check of worded sentences asks for the same ones again and again.

    Args:
        embedder: Who encodes a text that is new.
        capacity: Texts remembered; those not asked for longest go first.
        token_capacity: Texts whose tokens' vectors are remembered, too; each takes some thirty times as much.
    """

    def __init__(self, embedder: Embedder, *, capacity: int = 20_000, token_capacity: int = 2_000) -> None:
        self._embedder = embedder
        self._capacity, self._token_capacity = capacity, token_capacity
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._tokens: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, texts: list[str]) -> Vectors:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, self._embedder.encode_documents(new), strict=True))
        with self._lock:
            _remember(self._vectors, {text: known[text] for text in texts}, self._capacity)
        return np.stack([known[text] for text in texts])

    def tokens(self, texts: list[str]) -> list[Vectors]:
        """Return of each text its tokens' (n_tokens, dim) float32 unit vectors; its own vector, which comes with them, is remembered, too."""
        with self._lock:
            known = {text: self._tokens[text] for text in texts if text in self._tokens}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        wholes: dict[str, Vectors] = {}
        if new:
            vectors, tokens = self._embedder.encode_sentences(new)
            wholes = dict(zip(new, vectors, strict=True))
            known.update(zip(new, tokens, strict=True))
        with self._lock:
            _remember(self._tokens, {text: known[text] for text in texts}, self._token_capacity)
            _remember(self._vectors, wholes, self._capacity)
        return [known[text] for text in texts]


def _remember(held: OrderedDict[str, Vectors], new: Mapping[str, Vectors], capacity: int) -> None:
    for text, vectors in new.items():
        held[text] = vectors
        held.move_to_end(text)
    while len(held) > capacity:
        held.popitem(last=False)


class SentenceTransformerEmbedder(Embeddings):
    """A sentence-transformers model on the CPU; also a LangChain `Embeddings`.

    Args:
        name: The model's name as set, for fingerprints and messages.
        path: Folder of the weights, or a name that sentence-transformers resolves.
        revision: What tells these weights from others, for the index fingerprint.
        adapter: File of a change that is added to the weights; None for none.
    """

    def __init__(self, name: str, path: str, revision: str, adapter: Path | None = None) -> None:
        self.name = name
        self.revision = revision
        self._path = path
        self._adapter = adapter
        self._model: SentenceTransformer | None = None
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, tuple[Vectors, Vectors]] = OrderedDict()  # queries: alerts and retrieval ask for the same one

    def warm_up(self) -> None:
        """Load the model and run it once, so that the first question does not wait."""
        self.encode_query("bone metastasis")

    @property
    def max_tokens(self) -> int:
        limit = self._load().max_seq_length
        return int(limit) if limit else 512

    def count_tokens(self, text: str) -> int:
        # The tokenizer warns about long input; counting long input is why we are here.
        return len(self._load().tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def encode_documents(self, texts: list[str]) -> Vectors:
        model = self._load()
        if not texts:
            return np.zeros((0, model.get_embedding_dimension() or 0), dtype=np.float32)
        vectors = model.encode_document(texts, normalize_embeddings=True, show_progress_bar=False, batch_size=64)
        return np.asarray(vectors, dtype=np.float32)

    def encode_query(self, query: str) -> Vectors:
        return self._query(query)[0]

    def encode_sentences(self, sentences: list[str]) -> tuple[Vectors, list[Vectors]]:
        model = self._load()
        if not sentences:
            return self.encode_documents([]), []
        outputs: Any = model.encode_document(sentences, output_value=None, show_progress_bar=False, batch_size=64)
        return np.stack([_sentence_vector(output) for output in outputs]), [_token_vectors(output) for output in outputs]

    def encode_query_tokens(self, query: str, synonyms: str = "") -> tuple[Vectors, Vectors]:
        vector, tokens = self._query(f"{query} {synonyms}".strip())
        return vector, tokens[: self.count_tokens(query) - self.count_tokens("")]

    def _query(self, text: str) -> tuple[Vectors, Vectors]:
        """Return vector and token vectors of a query, remembered for the last few."""
        with self._lock:
            known = self._recent.get(text)
        if known is None:
            outputs: Any = self._load().encode_query([text], output_value=None, show_progress_bar=False)
            known = _sentence_vector(outputs[0]), _token_vectors(outputs[0])
            with self._lock:
                self._recent[text] = known
                while len(self._recent) > QUERIES_REMEMBERED:
                    self._recent.popitem(last=False)
        return known

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's name for `encode_documents`."""
        return [list(map(float, row)) for row in self.encode_documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's name for `encode_query`."""
        return list(map(float, self.encode_query(text)))

    def _load(self) -> "SentenceTransformer":
        with self._lock:
            if self._model is None:
                from sentence_transformers import SentenceTransformer
                from threadpoolctl import threadpool_limits
                from transformers.utils import logging as transformers_logging

                transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a bar for 90 MB that load in a second is noise
                # NumPy's own threads would spin on after each product, beside the model's: the 95th percentile of retrieval was half as high again.
                threadpool_limits(limits=1, user_api="blas")
                try:
                    model = SentenceTransformer(self._path, device="cpu")
                    if self._adapter:
                        apply_adapter(model, self._adapter)
                except (OSError, ValueError) as exc:
                    raise ModelFileError(
                        f"embedding model {self.name!r} could not be loaded from {self._path!r}; "
                        f"unset RAG_EMBEDDING_MODEL to use the packaged one, or give a folder of sentence-transformers weights ({exc})."
                    ) from exc
                self._model = model
            return self._model


def _sentence_vector(output: Mapping[str, Any]) -> Vectors:
    return _unit(np.asarray(output["sentence_embedding"], dtype=np.float32))


def _token_vectors(output: Mapping[str, Any]) -> Vectors:
    """Return the unit vectors of a text's own tokens: neither padding nor the model's opening and closing marks."""
    present = np.asarray(output["attention_mask"]) > 0
    return _unit(np.asarray(output["token_embeddings"], dtype=np.float32)[present][1:-1])


def _unit(vectors: Vectors) -> Vectors:
    """Scale vectors to unit length; not every model does so itself, and the library does not where it also gives the tokens."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
