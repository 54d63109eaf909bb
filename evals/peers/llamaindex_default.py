"""LlamaIndex as it comes: `VectorStoreIndex.from_documents`, whose `SentenceSplitter` makes chunks of 1,024 tokens with 200 of overlap; 2 are retrieved.

Tokens are those of its default tokenizer (tiktoken's cl100k_base), sentences those of NLTK's Punkt: the package carries the files of both, so nothing
is fetched. Only the retriever is used, so no language model is asked for. Its chunks are longer than what the embedding model reads (256 word
pieces): their vectors are those of their beginnings, here as for anyone who keeps the default beside a small model. Runs in the peers' environment.
"""

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from pydantic import PrivateAttr

from evals.peers.embedding import SharedModel
from evals.peers.exchange import Piece, Searcher, Text


class _Embedding(BaseEmbedding):  # type: ignore[misc]  # not installed where types are checked
    """The shared model behind LlamaIndex's interface, which is a pydantic model."""

    _model: SharedModel = PrivateAttr()

    def __init__(self, model: SharedModel) -> None:
        super().__init__(model_name="shared", embed_batch_size=64)
        self._model = model

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._model.documents(texts)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._model.documents([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._model.query(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._model.query(query)


def build(documents: list[Text], model: SharedModel) -> Searcher:
    """Index the documents."""
    index = VectorStoreIndex.from_documents(
        [Document(text=text["text"], doc_id=text["id"]) for text in documents],
        embed_model=_Embedding(model),
        transformations=[SentenceSplitter()],  # what Settings would make, said aloud
    )

    def search(query: str, k: int) -> list[Piece]:
        found = index.as_retriever(similarity_top_k=k).retrieve(query)
        return [{"document_id": hit.node.ref_doc_id, "text": hit.node.get_content(), "start": hit.node.start_char_idx} for hit in found]

    return Searcher(search, [len(node.get_content()) for node in index.docstore.docs.values()])
