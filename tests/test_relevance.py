"""rag.relevance: one scale for all queries, and the chance of an answer when something is known to be missing."""

from dataclasses import replace

import pytest

from rag.pipeline import Pipeline
from rag.relevance import READING_OF_ALL, USUAL_GAIN, Asked, asked_of, chance_of_answer, coverage, relevance_of, signals_of
from tests.library import passage_of


def asked(question: str, *, absent: bool = False) -> Asked:
    return asked_of(question, question, absent=absent)


def relevance(
    question: str = "What is the dose of denosumab in breast cancer?",
    sentence: str = "In breast cancer, denosumab 120 mg is given every 4 weeks.",
    *,
    cosine: float = 0.6,
    nearest: float | None = 0.7,
    reading: float | None = 1.0,
    covered: float = 0.5,
    absent: bool = False,
) -> float:
    passage = replace(passage_of(sentence), readings=() if reading is None else (reading,))
    return relevance_of(signals_of(asked(question, absent=absent), passage, cosine=cosine, question=nearest, covered=covered))


def test_relevance_rises_with_nearness_of_sentence_and_question_and_with_the_reading() -> None:
    assert relevance(cosine=0.6, nearest=None) > relevance(cosine=0.4, nearest=None)
    assert relevance(nearest=0.9) > relevance(nearest=0.6)
    assert relevance(reading=3.0) > relevance(reading=0.0) > relevance(reading=-3.0)


def test_relevance_falls_where_no_passage_names_the_subject() -> None:
    assert relevance(absent=True) < relevance()


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("What is the dose of denosumab in breast cancer?", "In prostate cancer, denosumab 120 mg is given every 4 weeks."),
        (
            "What is the dose of denosumab in breast cancer?",
            "In breast cancer, denosumab is given every 4 weeks to those who want it.",
        ),  # no dose
        ("What is the dose of denosumab at a clearance of 45 mL/min?", "In breast cancer, denosumab 120 mg is given every 4 weeks."),
    ],
)
def test_relevance_falls_where_the_best_sentence_lacks_what_is_named_or_asked_for(question: str, other: str) -> None:
    assert relevance(question, other) < relevance("What is the dose of denosumab in breast cancer?")


def test_a_document_without_attached_questions_is_judged_as_if_it_had_the_usual_ones() -> None:
    assert relevance(cosine=0.5, nearest=None) == relevance(cosine=0.5, nearest=0.5 + USUAL_GAIN)


def test_a_question_farther_than_the_sentence_changes_nothing() -> None:
    assert relevance(cosine=0.5, nearest=0.2) == relevance(cosine=0.5, nearest=0.5)


def test_without_a_reader_words_in_common_stand_in_its_place() -> None:
    assert relevance(reading=None, covered=1.0) == pytest.approx(relevance(reading=READING_OF_ALL))
    assert relevance(reading=None, covered=0.9) > relevance(reading=None, covered=0.2)
    assert relevance(reading=2.0, covered=0.0) == relevance(reading=2.0, covered=1.0)


@pytest.mark.parametrize(("cosine", "reading", "question"), [(-1.0, -40.0, ""), (1.0, 40.0, "word " * 300), (0.0, 0.0, "")])
def test_relevance_lies_between_zero_and_one(cosine: float, reading: float, question: str) -> None:
    assert 0.0 <= relevance(question, cosine=cosine, nearest=cosine, reading=reading) <= 1.0


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


def test_a_query_of_one_word_is_not_held_against() -> None:
    sentence = "SINS means Spinal Instability Neoplastic Score."
    assert relevance("SINS?", sentence) == relevance("SINS, SINS meaning?", sentence)
    assert relevance("What is SINS?", sentence) == relevance("SINS?", sentence)


def test_another_tumour_counts_more_than_none() -> None:
    question = "How common is bone metastasis in breast cancer?"
    other = relevance(question, "In lung cancer, bone metastasis is common.")
    assert other < relevance(question, "Bone metastasis is common.") < relevance(question, "In breast cancer, bone metastasis is common.")
