"""Haystack's two in-memory pipelines: BM25, and the embedding of the query before an embedding retriever.

`DocumentSplitter` as it comes: 200 words, no overlap, so that a sentence may be cut; both retrievers give 10 unless told otherwise. Version 3 keeps
its sentence-transformers components in another package, so the two places where the model is called are ours. Runs in the peers' environment.
"""

from dataclasses import replace

from haystack import Document, Pipeline, component
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore

from evals.peers.embedding import SharedModel
from evals.peers.exchange import Piece, Searcher, Text


@component
class QueryEmbedder:
    """Gives a query's vector to the retriever behind it."""

    def __init__(self, model: SharedModel) -> None:
        self._model = model

    @component.output_types(embedding=list[float])  # type: ignore[untyped-decorator]  # not installed where types are checked
    def run(self, text: str) -> dict[str, list[float]]:
        """Embed one query."""
        return {"embedding": self._model.query(text)}


def build_bm25(documents: list[Text]) -> Searcher:
    """Index the documents' words."""
    chunks = _split(documents)
    store = InMemoryDocumentStore()
    store.write_documents(chunks)
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(document_store=store))

    def search(query: str, k: int) -> list[Piece]:
        return _pieces(pipeline.run({"retriever": {"query": query, "top_k": k}})["retriever"]["documents"])

    return Searcher(search, [len(chunk.content) for chunk in chunks])


def build_embedding(documents: list[Text], model: SharedModel) -> Searcher:
    """Index the documents' vectors."""
    chunks = _split(documents)
    vectors = model.documents([chunk.content for chunk in chunks])
    store = InMemoryDocumentStore()  # compares by dot product, which is the cosine of unit vectors
    store.write_documents([replace(chunk, embedding=vector) for chunk, vector in zip(chunks, vectors, strict=True)])
    pipeline = Pipeline()
    pipeline.add_component("embedder", QueryEmbedder(model))
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(document_store=store))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")

    def search(query: str, k: int) -> list[Piece]:
        return _pieces(pipeline.run({"embedder": {"text": query}, "retriever": {"top_k": k}})["retriever"]["documents"])

    return Searcher(search, [len(chunk.content) for chunk in chunks])


def _split(documents: list[Text]) -> list[Document]:
    whole = [Document(content=text["text"], meta={"document_id": text["id"]}) for text in documents]
    chunks: list[Document] = DocumentSplitter().run(documents=whole)["documents"]
    return chunks


def _pieces(found: list[Document]) -> list[Piece]:
    return [
        {"document_id": chunk.meta["document_id"], "text": chunk.content or "", "start": chunk.meta["split_idx_start"]} for chunk in found
    ]
