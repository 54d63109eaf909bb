"""rag.relevance: one scale for all queries, and the chance of an answer when something is known to be missing."""

import pytest

from rag.pipeline import Pipeline
from rag.relevance import USUAL_GAIN, chance_of_answer, coverage, relevance_of, signals_of


def relevance(cosine: float = 0.5, question: float | None = 0.6, covered: float = 0.5, words: int = 4, *, absent: bool = False) -> float:
    return relevance_of(signals_of(cosine, question, covered, words, absent=absent))


def test_relevance_rises_with_nearness_of_sentence_and_question_and_with_coverage() -> None:
    assert relevance(cosine=0.6) > relevance(cosine=0.4)
    assert relevance(question=0.9) > relevance(question=0.6)
    assert relevance(covered=0.9) > relevance(covered=0.1)


def test_relevance_falls_where_no_passage_names_the_subject() -> None:
    assert relevance(absent=True) < relevance() / 2


def test_a_document_without_attached_questions_is_judged_as_if_it_had_the_usual_ones() -> None:
    assert relevance(cosine=0.5, question=None) == relevance(cosine=0.5, question=0.5 + USUAL_GAIN)


def test_a_question_farther_than_the_sentence_changes_nothing() -> None:
    assert relevance(cosine=0.5, question=0.2) == relevance(cosine=0.5, question=0.5)


@pytest.mark.parametrize(("cosine", "covered", "words"), [(-1.0, 0.0, 0), (1.0, 1.0, 300), (0.0, 0.0, 0)])
def test_relevance_lies_between_zero_and_one(cosine: float, covered: float, words: int) -> None:
    assert 0.0 <= relevance(cosine, cosine, covered, words) <= 1.0


def test_what_is_missing_lowers_the_chance_of_an_answer() -> None:
    whole = chance_of_answer([0.2, 0.8], missing_aspect=False, unknown_name=False)
    assert whole == pytest.approx(0.8)
    aspect = chance_of_answer([0.2, 0.8], missing_aspect=True, unknown_name=False)
    name = chance_of_answer([0.2, 0.8], missing_aspect=False, unknown_name=True)
    assert aspect < whole
    assert name < whole
    assert chance_of_answer([0.2, 0.8], missing_aspect=True, unknown_name=True) < min(aspect, name)


def test_no_passage_gives_no_chance() -> None:
    assert chance_of_answer([], missing_aspect=False, unknown_name=False) == 0.0


def test_coverage_counts_rarer_words_more(shared_toy: Pipeline) -> None:
    rare = coverage("calcitonin bone", "calcitonin", shared_toy.index)
    common = coverage("calcitonin bone", "bone", shared_toy.index)
    assert rare + common == pytest.approx(1.0)
    assert rare > common > 0


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("calcitonin and calcium", "Calcitonin lowers calcium.", 1.0),
        ("calcitonin and calcium", "Nothing of it.", 0.0),
        ("what is it?", "What is it?", 0.0),  # no word that carries meaning
        ("", "text", 0.0),
        ("hypercalcemia", "hypercalcaemia", 1.0),  # spelling
        ("MSCC", "metastatic spinal cord compression", 0.8),  # same meaning in other words
        ("Zometa", "zoledronic acid", 0.8),
        ("MSCC", "Breast cancer.", 0.0),
    ],
)
def test_coverage_is_the_share_of_the_words_found(shared_toy: Pipeline, query: str, text: str, expected: float) -> None:
    assert coverage(query, text, shared_toy.index) == pytest.approx(expected)
