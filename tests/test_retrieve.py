"""Ranking, its fusion against a hand calculation, filters, and relevance on one scale for all queries.

Over the toy corpus with the hashing embedder: texts are near as far as they share words, so every order here can be predicted.
"""

import numpy as np
import pytest

from rag.pipeline import Pipeline
from rag.retrieve import fuse_ranks, question_gain, retrieve
from rag.schema import Passage
from rag.text import content_stems
from tests.fakes import HashingEmbedder


def search(
    pipeline: Pipeline,
    query: str,
    *,
    k: int = 8,
    dense: float = 1.0,
    words: float = 0.6,
    candidates: int = 20,
    document_ids: list[str] | None = None,
) -> list[Passage]:
    return retrieve(
        query,
        index=pipeline.index,
        embedder=pipeline.embedder,
        k=k,
        dense_weight=dense,
        bm25_weight=words,
        fusion_offset=20,
        candidates=candidates,
        document_ids=document_ids,
    )


def test_fusion_gives_the_example_of_its_docstring() -> None:
    fused = fuse_ranks([["a", "b"], ["b"]], weights=[1, 1], offset=60)
    assert fused == [("b", pytest.approx(1 / 62 + 1 / 61)), ("a", pytest.approx(1 / 61))]


def test_fusion_agrees_with_a_hand_calculation_with_weights() -> None:
    fused = fuse_ranks([["a", "b", "c"], ["c", "a"], ["d"]], weights=[1.0, 0.5, 2.0], offset=20)
    # a = 1/21 + 0.5/22, b = 1/22, c = 1/23 + 0.5/21, d = 2/21
    assert fused == [
        ("d", pytest.approx(0.0952381, abs=1e-6)),
        ("a", pytest.approx(0.0703463, abs=1e-6)),
        ("c", pytest.approx(0.0672878, abs=1e-6)),
        ("b", pytest.approx(0.0454545, abs=1e-6)),
    ]


def test_fusion_breaks_ties_by_id_so_that_runs_repeat() -> None:
    assert [key for key, _ in fuse_ranks([["b"], ["a"], ["c"]], weights=[1, 1, 1])] == ["a", "b", "c"]


def test_a_ranking_with_weight_zero_adds_nothing() -> None:
    assert fuse_ranks([["a"], ["z", "a"]], weights=[1, 0], offset=0) == [("a", 1.0)]


@pytest.mark.parametrize("rankings", [[], [[]], [[], []]])
def test_fusion_of_nothing_is_nothing(rankings: list[list[str]]) -> None:
    assert fuse_ranks(rankings, weights=[1] * len(rankings)) == []


def test_fusion_refuses_a_negative_offset() -> None:
    with pytest.raises(ValueError, match="-1"):
        fuse_ranks([["a"]], weights=[1], offset=-1)


@pytest.mark.parametrize("weights", [[], [1], [1, 1, 1]])
def test_fusion_refuses_weights_that_do_not_fit_the_rankings(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="zip"):
        fuse_ranks([["a"], ["b"]], weights=weights)


@pytest.mark.parametrize(
    ("query", "document_id"),
    [
        ("How fast must an MRI be done for suspected cord compression?", "alpha-2023"),
        ("denosumab every 4 weeks for breast cancer", "beta-2020"),
        ("dose of zoledronic acid by creatinine clearance", "zoledronic-label"),
        ("What does a SINS total mean?", "sins"),
        ("thirst, constipation and confusion", "hypercalcaemia"),
        ("symptoms of hypercalcemia", "hypercalcaemia"),  # American spelling
        ("is her calcium too high?", "hypercalcaemia"),  # lay words
        ("MSCC and MRI", "alpha-2023"),  # abbreviation that the document does not use
        ("zolendronic acid dose", "zoledronic-label"),  # misspelt
        ("Zometa dose", "zoledronic-label"),  # brand that the document does not use
    ],
)
def test_the_passage_that_answers_comes_first(shared_toy: Pipeline, query: str, document_id: str) -> None:
    assert search(shared_toy, query)[0].source.document_id == document_id


@pytest.mark.parametrize("query", ["hours mg", "dose bone hours", "dose weeks calcium"])
def test_candidates_are_the_best_of_the_fusion_of_near_chunks_near_sentences_and_shared_words(shared_toy: Pipeline, query: str) -> None:
    index, vector = shared_toy.index, HashingEmbedder().encode_query(query)
    by_chunk = [key for key, _ in index.nearest("chunks", vector, 40)]
    by_sentence = list(dict.fromkeys(key.rsplit("/", 1)[0] for key, _ in index.nearest("sentences", vector, 80)))
    by_words = [key for key, _ in index.bm25(content_stems(query), 40)]
    value: dict[str, float] = {}
    for ranking, weight in ((by_chunk, 0.5), (by_sentence, 0.5), (by_words, 0.6)):
        for rank, key in enumerate(ranking, start=1):
            value[key] = value.get(key, 0.0) + weight / (20 + rank)
    expected = sorted(value, key=lambda key: (-value[key], key))
    found = [passage.chunk_id for passage in search(shared_toy, query, k=3, candidates=4)]
    assert len(found) == 3
    assert set(found) < set(expected[:4])


@pytest.mark.parametrize("weights", [{"dense": 0.0}, {"words": 0.0}], ids=["words alone", "nearness alone"])
@pytest.mark.parametrize("query", ["MSCC", "Zometa", "is her calcium too high?"])
def test_abbreviations_brands_and_lay_words_are_found_by_each_ranking_alone(
    shared_toy: Pipeline, query: str, weights: dict[str, float]
) -> None:
    document_id = {"MSCC": "alpha-2023", "Zometa": "zoledronic-label"}.get(query, "hypercalcaemia")
    assert search(shared_toy, query, **weights)[0].source.document_id == document_id


def test_a_question_does_not_drown_in_the_case_before_it(shared_toy: Pipeline) -> None:
    case = "Breast cancer, denosumab 120 mg every 4 weeks for bone metastases, prostate and lung cancers excluded. "
    assert search(shared_toy, f"{case}What is the signal for a surgical opinion?", k=2)[0].source.document_id in {"beta-2020", "sins"}
    assert "sins" in {passage.source.document_id for passage in search(shared_toy, f"{case}What SINS total is stable?", k=2)}


def test_passages_are_numbered_from_one_and_at_most_k(shared_toy: Pipeline) -> None:
    assert [passage.rank for passage in search(shared_toy, "denosumab for bone metastases", k=3)] == [1, 2, 3]


def test_each_chunk_is_returned_once(shared_toy: Pipeline) -> None:
    found = [passage.chunk_id for passage in search(shared_toy, "bone metastases and cord compression", k=50)]
    assert len(found) == len(set(found)) == shared_toy.index.n_chunks


def test_a_passage_is_the_file_at_its_offsets(shared_toy: Pipeline) -> None:
    passage = search(shared_toy, "thirst, constipation and confusion")[0]
    text = (shared_toy.settings.corpus_dir / "review/hypercalcaemia.md").read_text(encoding="utf-8")
    assert text[passage.start : passage.end] == passage.text
    assert [passage.sentence(n) for n in range(len(passage.sentences))] == [
        "Hypercalcaemia causes thirst, constipation and confusion.",
        "Calcitonin lowers calcium within 6 hours.",
    ]


def test_similarities_are_the_cosines_of_the_sentences(shared_toy: Pipeline) -> None:
    query = "calcitonin lowers calcium within hours"
    passage = search(shared_toy, query)[0]
    embedder = HashingEmbedder()
    sentences = [passage.sentence(n) for n in range(len(passage.sentences))]
    expected = embedder.encode_documents(sentences) @ embedder.encode_query(query)
    assert np.allclose(passage.similarities, expected, atol=1e-5)
    assert passage.similarities[1] > passage.similarities[0]


def test_search_within_documents_returns_passages_of_these_only(shared_toy: Pipeline) -> None:
    wanted = ["sins", "article"]
    found = search(shared_toy, "How fast must an MRI be done for suspected cord compression?", document_ids=wanted)
    assert {passage.source.document_id for passage in found} == set(wanted)


def test_search_within_no_document_finds_nothing(shared_toy: Pipeline) -> None:
    assert search(shared_toy, "cord compression", document_ids=[]) == []


def test_a_query_without_a_known_word_still_ranks_and_is_not_relevant(shared_toy: Pipeline) -> None:
    found = search(shared_toy, "zzz qqq xyzzy")
    assert found
    assert max(passage.relevance for passage in found) < 0.05


@pytest.mark.parametrize(
    "query",
    [
        "What is the dose of paclitaxel in bone metastases?",  # known by its ending only
        "Is pamidronate recommended for bone metastases from breast cancer?",  # in the vocabulary, not in the corpus
        "What Tokuhashi total is the signal for a surgical opinion?",
    ],
)
def test_relevance_knows_where_no_passage_mentions_the_drug_or_score(shared_toy: Pipeline, query: str) -> None:
    found = search(shared_toy, query)
    assert found
    assert all(passage.signals[-1] == 1.0 for passage in found)


@pytest.mark.parametrize(
    "query",
    [
        "Is denosumab recommended for bone metastases from breast cancer?",
        "What is the dose of Zometa at a creatinine clearance of 45?",  # the corpus says zoledronic acid
        "What SINS total is the signal for a surgical opinion?",
        "dose of zolendronic acid by creatinine clearance",  # misspelt, not absent
    ],
)
def test_relevance_knows_where_the_drug_or_score_is_mentioned(shared_toy: Pipeline, query: str) -> None:
    assert all(passage.signals[-1] == 0.0 for passage in search(shared_toy, query))


@pytest.mark.parametrize(
    ("questions", "gain"),
    [
        ([], 0.0),
        ([(0.7, 0.6)], 0.2 + 0.1),
        ([(0.4, 0.6)], 0.1),  # farther as a whole, nearer by its tokens
        ([(0.4, 0.4)], 0.0),
        ([(0.6, 0.5), (0.5, 0.7)], 0.2),  # the nearest of several
        ([(0.9, 0.9)], 0.4),  # capped
    ],
)
def test_a_question_counts_by_how_much_nearer_it_is_than_its_sentence(questions: list[tuple[float, float]], gain: float) -> None:
    assert question_gain(questions, whole=0.5, token=0.5) == pytest.approx(gain)
