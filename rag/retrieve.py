"""Query -> ranked Passages: dense (chunks, sentences, attached questions) and BM25, merged by weighted reciprocal rank fusion, the best read.

Does not choose sentences, and does not say what is relevant enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.embed import Embedder
from rag.index import VectorIndex, sentence_id
from rag.mend import mend_names
from rag.reader import Reader, Sight
from rag.relevance import Asked, asked_of, coverage, judged, signals_of
from rag.rerank import prior, rerank
from rag.schema import Chunk, Passage
from rag.sentences import rank_sentences
from rag.terms import absent_subjects, expansions, find_terms, full_names
from rag.text import asking_part, content_stems

CANDIDATES = 20  # passages that are put in order; 30 found the same answers on the dev questions
READ = 24  # sentences that the reader reads, the best by nearness and words; reading takes a millisecond each
NOT_READ = -8.0  # the reading of the others: they are no answer
QUESTION_SHARE = 0.5  # weight of attached questions in the fusion, as a share of the dense weight
QUESTION_TOKEN_SHARE = 1.0  # of the tokens in the gain by a question, beside the whole
QUESTION_GAIN_CAP = (
    0.4  # a sentence that is itself far from the query is not lifted above one that is near; no difference on most questions
)
DEPTH = 40  # candidates of each ranking; beyond it nothing reached the first ten on the calibration questions


def retrieve(
    query: str,
    *,
    index: VectorIndex,
    embedder: Embedder,
    k: int,
    dense_weight: float,
    bm25_weight: float,
    fusion_offset: int,
    reader: Reader | None = None,
    candidates: int = CANDIDATES,
    document_ids: Sequence[str] | None = None,
) -> list[Passage]:
    """Return at most k passages, best first.

    Args:
        query: Standalone query.
        index: The opened index.
        embedder: The model that the index was built with.
        k: Passages wanted.
        dense_weight: Weight of the dense rankings (chunks, sentences, attached questions) in the fusion.
        bm25_weight: Weight of BM25.
        fusion_offset: Rank offset of the fusion.
        reader: Reads the sentences that come first; None leaves the order to nearness and words.
        candidates: Chunks of the fusion that are put in order; k where that is more.
        document_ids: Search only these documents; None searches all.
    """
    query = mend_names(query, index)
    asking = asking_part(query)  # in a long case the question itself would drown: it is searched, too
    searches = [_search(text, embedder, index, document_ids) for text in dict.fromkeys((query, asking))]
    rankings = [ranking for search in searches for ranking in _rankings(search, index, document_ids)]
    weights = [dense_weight / 2, dense_weight / 2, dense_weight * QUESTION_SHARE, bm25_weight] * len(searches)
    fused = fuse_ranks(rankings, weights=weights, offset=fusion_offset)
    # Without a name of its own the question of a case says too little to be ordered by ("What is the catch?").
    deciding = searches[-1] if any(term.kind in {"drug", "score"} for term in find_terms(asking)) else searches[0]
    chunks = index.chunks([key for key, _ in fused[: max(k, candidates)]])
    of_chunks = index.vectors("chunks", [chunk.chunk_id for chunk in chunks])
    of_sentences = index.vectors("sentences", [key for chunk in chunks for key in _sentence_ids(chunk)])
    found = _candidates(chunks, deciding, of_chunks, of_sentences, index)
    if reader:
        found = _read(found, deciding, of_chunks, index, reader)
    # What a case only mentions in passing may be absent: the asking sentences alone are looked at.
    texts = [f"{passage.source.title}\n{passage.section}\n{passage.text}" for passage in found]
    asked = asked_of(query, asking, absent=bool(absent_subjects(asking, texts)))
    best = rerank(deciding.text, found, k=k, rarity=index.rarity)
    return [_judged(passage, asked, searches[0], of_sentences, index) for passage in best]


@dataclass(frozen=True, slots=True)
class _Search:
    """A text that is searched for, its vector with the full names of its abbreviations, the vectors of its own tokens, and the attached
    questions near it with their similarity."""

    text: str
    vector: np.ndarray
    tokens: np.ndarray
    questions: Sequence[tuple[str, float]]


def _search(text: str, embedder: Embedder, index: VectorIndex, document_ids: Sequence[str] | None) -> _Search:
    vector, tokens = embedder.encode_query_tokens(text, " ".join(f"({name})" for name in full_names(text)))
    return _Search(text, vector, tokens, index.nearest("questions", vector, 2 * DEPTH, document_ids))


Vectors = Mapping[str, np.ndarray]  # by id


def _candidates(chunks: Sequence[Chunk], deciding: _Search, of_chunks: Vectors, of_sentences: Vectors, index: VectorIndex) -> list[Passage]:
    """Return these chunks as passages, in this order, with all that they are put in order by, save readings.

    Args:
        chunks: Chunks, best of the fusion first.
        deciding: What passages and sentences are put in order by.
        of_chunks: The chunks' vectors.
        of_sentences: Those of their sentences.
        index: The opened index.
    """
    keys = [_sentence_ids(chunk) for chunk in chunks]
    flat = [key for of_chunk in keys for key in of_chunk]
    near = dict(zip(flat, index.tokens.similarities(deciding.tokens, flat), strict=True))
    asked = _nearest_questions(deciding, index)
    speaks_for = _priors(chunks, deciding, of_chunks, index)
    return [
        Passage(
            rank=rank,
            chunk_id=chunk.chunk_id,
            source=index.sources[chunk.document_id],
            section=chunk.section,
            start=chunk.start,
            end=chunk.end,
            text=chunk.text,
            sentences=chunk.sentences,
            similarities=tuple(float(of_sentences[key] @ deciding.vector) for key in of_chunk),
            token_similarities=tuple(near[key] for key in of_chunk),
            question_gains=tuple(
                question_gain(asked.get(key, ()), float(of_sentences[key] @ deciding.vector), near[key]) for key in of_chunk
            ),
            prior=speaks_for[chunk.chunk_id],
        )
        for rank, (chunk, of_chunk) in enumerate(zip(chunks, keys, strict=True), start=1)
    ]


def _sentence_ids(chunk: Chunk | Passage) -> list[str]:
    return [sentence_id(chunk.chunk_id, number) for number in range(len(chunk.sentences))]


def _read(found: Sequence[Passage], deciding: _Search, of_chunks: Vectors, index: VectorIndex, reader: Reader) -> list[Passage]:
    """Return the passages with what the reader makes of the sentences that nearness and words put first."""
    first = rank_sentences(deciding.text, found, rarity=index.rarity)[:READ]
    keys = [sentence_id(found[sentence.passage].chunk_id, sentence.number) for sentence in first]
    tokens = dict(index.tokens.packed(keys))
    there = [key for key in keys if key in tokens and len(tokens[key])]
    sights = [Sight(tokens[key], of_chunks[_chunk_of(key)], tuple(index.tokens.of_questions(key))) for key in there]
    readings = dict(zip(there, reader.read(deciding.vector, deciding.tokens, sights), strict=True))
    return [replace(passage, readings=tuple(readings.get(key, NOT_READ) for key in _sentence_ids(passage))) for passage in found]


def _judged(passage: Passage, asked: Asked, whole: _Search, of_sentences: Vectors, index: VectorIndex) -> Passage:
    """Return a passage with its relevance, which is that to the whole of the query."""
    question = next((similarity for key, similarity in whole.questions if _chunk_of(key) == passage.chunk_id), None)
    covered = 0.0 if passage.readings else coverage(whole.text, f"{passage.source.title}\n{passage.section}\n{passage.text}", index)
    cosine = max(float(of_sentences[key] @ whole.vector) for key in _sentence_ids(passage))
    return judged(passage, signals_of(asked, passage, cosine=cosine, question=question, covered=covered))


def _chunk_of(key: str) -> str:
    """Return the chunk id of a sentence id or question id."""
    return key.rsplit("/", 1)[0]


def _nearest_questions(search: _Search, index: VectorIndex) -> dict[str, list[tuple[float, float]]]:
    """Return by sentence id the similarity to the query, of the whole and of tokens, of each question attached to it that is near."""
    keys = [key for key, _ in search.questions]
    by_token = index.tokens.similarities(search.tokens, keys)
    found: dict[str, list[tuple[float, float]]] = {}
    for (key, whole), token in zip(search.questions, by_token, strict=True):
        found.setdefault(key.rsplit("?", 1)[0], []).append((whole, token))
    return found


def question_gain(questions: Sequence[tuple[float, float]], whole: float, token: float) -> float:
    """Return how much nearer to the query the nearest question attached to a sentence is than the sentence itself, at most the cap; 0 where none is nearer.

    Args:
        questions: Similarity to the query, of the whole and of tokens, of each question.
        whole: That of the sentence.
        token: That of its tokens.
    """
    gains = [max(0.0, one - whole) + QUESTION_TOKEN_SHARE * max(0.0, other - token) for one, other in questions]
    return min(QUESTION_GAIN_CAP, max(gains, default=0.0))


def _priors(chunks: Sequence[Chunk], deciding: _Search, of_chunks: Vectors, index: VectorIndex) -> dict[str, float]:
    bm25 = dict(index.bm25(_with_synonyms(deciding.text), index.n_chunks))
    most = max(bm25.values(), default=1.0)
    return {
        chunk.chunk_id: prior(
            deciding.text,
            index.sources[chunk.document_id],
            cosine=float(of_chunks[chunk.chunk_id] @ deciding.vector),
            bm25_share=bm25.get(chunk.chunk_id, 0.0) / most,
        )
        for chunk in chunks
    }


def _rankings(search: _Search, index: VectorIndex, document_ids: Sequence[str] | None) -> list[list[str]]:
    """Return the chunk ids of four rankings: by the chunk's vector, its best sentence's, its best attached question's, by BM25 with synonyms."""
    by_chunk = [key for key, _ in index.nearest("chunks", search.vector, DEPTH, document_ids)]
    by_sentence = list(dict.fromkeys(_chunk_of(key) for key, _ in index.nearest("sentences", search.vector, 2 * DEPTH, document_ids)))
    by_question = list(dict.fromkeys(_chunk_of(key) for key, _ in search.questions))
    by_words = [key for key, _ in index.bm25(_with_synonyms(search.text), DEPTH, document_ids)]
    return [by_chunk, by_sentence, by_question, by_words]


def _with_synonyms(query: str) -> list[str]:
    return [*content_stems(query), *dict.fromkeys(word for phrase in expansions(query) for word in content_stems(phrase))]


def fuse_ranks(rankings: Sequence[Sequence[str]], *, weights: Sequence[float], offset: int = 60) -> list[tuple[str, float]]:
    """Merge rankings by weighted reciprocal rank fusion: each list adds weight / (offset + rank).

    Example: [["a", "b"], ["b"]], weights [1, 1], offset 60 -> "b" (1/62 + 1/61), then "a" (1/61).
    Source: Cormack, Clarke and Buettcher, SIGIR 2009, doi:10.1145/1571941.1572114.

    Args:
        rankings: Ids, best first; one list per retriever, each id once.
        weights: One weight a ranking, 0 or more.
        offset: Rank offset, dimensionless; 60 in the paper.

    Returns:
        (id, fused relevance), best first; ties by id, so that runs repeat.

    Raises:
        ValueError: `offset` is negative, or weights and rankings differ in number.
    """
    if offset < 0:
        raise ValueError(f"offset must be 0 or more, found {offset}")
    fused: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, key in enumerate(ranking, start=1):
            fused[key] = fused.get(key, 0.0) + weight / (offset + rank)
    return sorted(((key, value) for key, value in fused.items() if value > 0), key=lambda pair: (-pair[1], pair[0]))
