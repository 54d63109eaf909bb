"""The pipeline of LangChain's tutorial on retrieval: characters split recursively, an in-memory vector store, similarity search.

Its published values: chunks of 1,000 characters, 200 of overlap, `add_start_index`; `similarity_search` gives 4 unless told otherwise. Runs in the
peers' environment.
"""

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter

from evals.peers.embedding import SharedModel
from evals.peers.exchange import Piece, Searcher, Text


class _Embeddings(Embeddings):
    def __init__(self, model: SharedModel) -> None:
        self._model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._model.documents(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._model.query(text)


def build(documents: list[Text], model: SharedModel) -> Searcher:
    """Index the documents."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
    chunks = splitter.split_documents([Document(page_content=text["text"], metadata={"document_id": text["id"]}) for text in documents])
    store = InMemoryVectorStore(_Embeddings(model))
    store.add_documents(chunks)

    def search(query: str, k: int) -> list[Piece]:
        return [
            {"document_id": found.metadata["document_id"], "text": found.page_content, "start": found.metadata["start_index"]}
            for found in store.similarity_search(query, k=k)
        ]

    return Searcher(search, [len(chunk.page_content) for chunk in chunks])
