"""Candidates of retrieval -> the order they are shown in: a passage stands where its best sentence for the question stands.

Fusion finds the candidates, but knows only their places in three rankings. Here each candidate gets what speaks for it as a whole (its vector,
BM25, whose document it is), its sentences are ranked with that (`sentences`), and the passages follow. Does not search.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.schema import Passage, Source
from rag.sentences import CONTRAST, rank_sentences

# Fitted by `python -m evals.fit_order`, in units of a sentence's rank value, where its cosine similarity has weight 1.
CHUNK_WEIGHT = 0.47  # cosine of the whole chunk
BM25_WEIGHT = 0.08  # BM25 as a share of the best
OWN_PENALTY = 0.03  # our own comparisons repeat what the bodies say themselves
OWN_CONTRAST_BONUS = 0.03  # unless bodies are compared
SUPERSEDED_PENALTY = 0.07
OWN_PUBLISHER = "Osseous"


def prior(query: str, source: Source, *, cosine: float, bm25_share: float) -> float:
    """Return what speaks for all sentences of a candidate alike.

    Args:
        query: Standalone query.
        source: The candidate's document.
        cosine: Similarity of the whole chunk, -1 to 1.
        bm25_share: Its BM25 relevance over the best one's, 0 to 1.
    """
    value = CHUNK_WEIGHT * cosine + BM25_WEIGHT * bm25_share
    if source.publisher == OWN_PUBLISHER and source.kind == "review" and source.document_id != "glossary":
        value -= OWN_PENALTY - (OWN_CONTRAST_BONUS if CONTRAST.search(query) else 0.0)
    return value - (SUPERSEDED_PENALTY if source.status == "superseded" else 0.0)


def rerank(query: str, candidates: Sequence[Passage], *, k: int, rarity: Callable[[str], float]) -> list[Passage]:
    """Return the k passages whose sentences answer best, best first, ranks counted anew.

    Args:
        query: Standalone query.
        candidates: Passages in the order of the fusion, with priors and similarities.
        k: Passages wanted.
        rarity: Inverse document frequency of a stem.
    """
    best: dict[int, int] = {}
    for sentence in rank_sentences(query, candidates, rarity=rarity):
        best.setdefault(sentence.passage, sentence.number)
    order = best | {place: 0 for place in range(len(candidates)) if place not in best}  # one whose sentences all stand in others comes last
    return [replace(candidates[place], rank=rank, best=number) for rank, (place, number) in enumerate(list(order.items())[:k], start=1)]
