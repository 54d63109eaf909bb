"""rag.condense: an elliptic follow-up takes over the subject of the conversation, a full question stays as it is."""

import pytest

from rag.condense import condense
from rag.terms import find_terms


def conversation(*questions: str, reply: str = "Radium-223 is another matter.") -> list[dict[str, str]]:
    return [
        message for question in questions for message in ({"role": "user", "content": question}, {"role": "assistant", "content": reply})
    ]


ZOLEDRONIC = "What dose of zoledronic acid is given?"


@pytest.mark.parametrize(
    ("asked", "question", "subject"),
    [
        ([ZOLEDRONIC], "And its side effects?", "zoledronic acid"),
        ([ZOLEDRONIC], "What about in renal impairment?", "zoledronic acid"),
        ([ZOLEDRONIC], "Why?", "zoledronic acid"),
        ([ZOLEDRONIC], "How often?", "zoledronic acid"),
        ([ZOLEDRONIC], "Is it safe in pregnancy?", "zoledronic acid"),
        ([ZOLEDRONIC], "Which side effects does it cause in older people with diabetes?", "zoledronic acid"),
        ([ZOLEDRONIC], "Which side effects do these infusions cause in older people?", "zoledronic acid"),
        ([ZOLEDRONIC], "Which kidney tests and blood tests come before that?", "zoledronic acid"),
        ([ZOLEDRONIC], "how is that given at home?", "zoledronic acid"),
        ([ZOLEDRONIC], "Even with kidney failure?", "zoledronic acid"),
        ([ZOLEDRONIC], "or every 12 weeks?", "zoledronic acid"),
        ([ZOLEDRONIC], "dose?", "zoledronic acid"),
        ([ZOLEDRONIC], "  and in MSCC?", "zoledronic acid"),
        ([ZOLEDRONIC], "Why in MSCC?", "zoledronic acid"),
        ([ZOLEDRONIC], "How so in MSCC?", "zoledronic acid"),
        ([ZOLEDRONIC, "ok thanks"], "And side effects?", "zoledronic acid"),
        ([ZOLEDRONIC, "And why?", "Really?"], "How so?", "zoledronic acid"),
        (["What is MSCC?"], "How is it treated?", "metastatic spinal cord compression"),
        (["What is ONJ?"], "Which teeth matter then?", "osteonecrosis of the jaw"),
        (["What does SINS measure?"], "How is this scored?", "SINS"),
        (["Which cancers spread to bone?"], "And which bones?", "Which cancers spread to bone?"),
        (["Hello", "Which part of the spine hurts?"], "And why?", "Which part of the spine hurts?"),
    ],
)
def test_a_follow_up_is_searched_with_the_subject_of_the_conversation(asked: list[str], question: str, subject: str) -> None:
    query = condense(question, conversation(*asked))
    assert query.startswith(question)
    assert subject in query.removeprefix(question)


def test_takes_all_subjects_of_the_turn_once() -> None:
    query = condense("Which one is cheaper?", conversation("Is denosumab better than Zometa, or zoledronic acid at all?"))
    assert [term.name for term in find_terms(query)] == ["denosumab", "zoledronic acid"]


def test_takes_the_newest_subject() -> None:
    query = condense("And its side effects?", conversation(ZOLEDRONIC, "What is denosumab?"))
    assert "denosumab" in query
    assert "zoledronic" not in query


def test_takes_nothing_from_answers() -> None:
    assert "adium" not in condense("And its side effects?", conversation("What is denosumab?", reply="Radium-223 is a drug."))


def test_does_not_repeat_a_subject_that_the_follow_up_names() -> None:
    assert condense("And denosumab in MSCC?", conversation("Denosumab for bone pain?")).count("denosumab") == 1


FULL_QUESTIONS = [
    "How is MSCC treated?",
    "How fast must an MRI be done in suspected cord compression?",
    "What are the symptoms of hypercalcaemia?",
    "Is it true that denosumab needs no dose change?",
    "Which cancers spread to the skeleton most often?",
    "How much dexamethasone?",
    "What is Mirels?",
    "Is MRI safe?",
    "Who should see a dentist before treatment starts?",
]


@pytest.mark.parametrize("question", FULL_QUESTIONS)
def test_a_full_question_is_left_alone(question: str) -> None:
    assert condense(question, conversation("What does SINS measure?")) == question


@pytest.mark.parametrize("question", ["And why?", "How often?", "Is it safe?", *FULL_QUESTIONS])
@pytest.mark.parametrize("history", [[], [{"role": "assistant", "content": "Ask me about denosumab."}]])
def test_a_first_question_is_left_alone(question: str, history: list[dict[str, str]]) -> None:
    assert condense(question, history) == question


@pytest.mark.parametrize(
    "question",
    [
        "What are the warning signs that a leg might be about to break?",
        "Which people whose illness has spread need someone that can operate urgently?",
        "Should one fraction or several be given to a painful hip?",
        "How long does it take until pain settles after treatment of a painful hip?",
        "Is pain at night in both hips a sign of spread?",
    ],
)
def test_a_full_question_with_a_small_pronoun_is_left_alone(question: str) -> None:
    assert condense(question, conversation("What does SINS measure?")) == question


@pytest.mark.parametrize("question", ["What does NICE say about it?", "Does ASCO recommend that?", "Who recommends it?"])
def test_a_follow_up_that_names_only_a_body_takes_over_the_subject(question: str) -> None:
    assert "zoledronic acid" in condense(question, conversation(ZOLEDRONIC))


@pytest.mark.parametrize(
    ("asked", "question", "old"),
    [(ZOLEDRONIC, "And denosumab?", "zoledronic"), ("What does a SINS of 7 mean?", "What about Mirels?", "SINS")],
)
def test_a_subject_that_is_replaced_is_not_searched_again(asked: str, question: str, old: str) -> None:
    assert old not in condense(question, conversation(asked))


def test_a_query_does_not_take_over_a_message_without_end() -> None:
    assert len(condense("And why?", conversation("word " * 5000))) <= 2100


@pytest.mark.parametrize("question", ["What about in renal impairment?", "Even with a low creatinine clearance?"])
def test_a_circumstance_does_not_replace_the_disease_that_was_asked_about(question: str) -> None:
    assert "hypercalcaemia" in condense(question, conversation("How is hypercalcaemia treated?"))


def test_a_replaced_subject_is_asked_the_same_thing() -> None:
    assert "dose" in condense("And denosumab?", conversation(ZOLEDRONIC))
