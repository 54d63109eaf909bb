"""The embedding model that all peers share: the weights that our product uses, through sentence-transformers. Runs in the peers' environment."""

from sentence_transformers import SentenceTransformer


class SharedModel:
    """Text -> unit vectors, as lists of floats. Input beyond the model's 256 word pieces is cut, as in any pipeline that uses it.

    Args:
        folder: Folder of the weights.
    """

    def __init__(self, folder: str) -> None:
        self._model = SentenceTransformer(folder, device="cpu")

    def documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of texts to be found."""
        vectors = self._model.encode_document(texts, normalize_embeddings=True, show_progress_bar=False, batch_size=64)
        return [[float(value) for value in row] for row in vectors]

    def query(self, text: str) -> list[float]:
        """Return the vector of a query."""
        return [float(value) for value in self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)]
