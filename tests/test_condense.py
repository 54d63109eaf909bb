"""rag.condense: an elliptic follow-up takes over the subject of the conversation, a full question stays as it is."""

import json
import re
from collections import Counter
from pathlib import Path

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


@pytest.mark.parametrize(
    ("asked", "question", "query"),
    [
        ([ZOLEDRONIC], "And denosumab?", "What dose of denosumab is given?"),
        ([ZOLEDRONIC], "Does the same go for pamidronate?", "What dose of pamidronate is given?"),
        ([ZOLEDRONIC, "And denosumab?"], "in renal impairment?", "What dose of denosumab is given?"),
        ([ZOLEDRONIC, "And denosumab?"], "Why?", "What dose of denosumab is given?"),
        (["Can radium-223 be given with abiraterone?"], "and with enzalutamide?", "Can radium-223 be given with enzalutamide?"),
        (["What does NICE say about MRI?"], "and ASCO?", "What does ASCO say about MRI?"),
        (["What does NICE say about MRI?"], "What about the US?", "What does the US say about MRI?"),
        (["Is surgery paid for in the UK?"], "and in Canada?", "Is surgery paid for in Canada?"),
        (["How many points does SINS give T5?"], "and L3?", "How many points does SINS give L3?"),
        (["What does a SINS of 7 mean?"], "and if it is 13?", "What does a SINS of 13 mean?"),
        (["Zometa at 70 mL/min?"], "and at 35 mL/min?", "Zometa at 35 mL/min?"),
        (["Is 8 Gy in 1 fraction enough?"], "or 20 Gy in 5?", "Is 20 Gy in 5 fraction enough?"),
        (["Zometa in 2016: 4 mg?"], "and 3 mg?", "Zometa in 2016: 3 mg?"),
        (["Zometa 4 mg?"], "or every 12 weeks?", "Zometa 4 mg?"),
        (["What is SINS?", "How many points does a lytic lesion get there?"], "and a mixed one?", "How many points does a mixed lesion get there? (SINS)"),
        (["Is severe hypercalcaemia treated at once?"], "and moderate?", "Is moderate hypercalcaemia treated at once?"),
    ],
)  # fmt: skip
def test_a_fragment_takes_the_place_of_its_like_in_the_earlier_question(asked: list[str], question: str, query: str) -> None:
    assert condense(question, conversation(*asked)) == f"{question} {query}"


@pytest.mark.parametrize(
    "question",
    [
        "And what is the capital of France?",
        "and can you recommend a good restaurant?",
        "What is a biopsy?",
        "Thanks. Something else now: who treats gout?",
        "ok thanks",
        "And is MRI safe with a pacemaker?",
        "Why is denosumab given under the skin?",
    ],
)
def test_another_topic_is_left_alone(question: str) -> None:
    assert condense(question, conversation(ZOLEDRONIC)) == question


@pytest.mark.parametrize(
    "question", ["Is it better than denosumab?", "And is denosumab better?", "Does it cause osteonecrosis of the jaw?"]
)
def test_a_pronoun_stands_for_the_subject_beside_another_name(question: str) -> None:
    assert condense(question, conversation(ZOLEDRONIC)) == f"{question} (zoledronic acid)"


def test_the_name_that_was_asked_for_is_taken_from_the_answer_and_no_other() -> None:
    history = conversation("Which steroid is given in MSCC?", reply="Dexamethasone, as NICE says; not zoledronic acid.")
    assert condense("what dose?", history) == "what dose? (corticosteroid, metastatic spinal cord compression, dexamethasone)"


def test_a_subject_without_a_name_of_the_field_is_taken_over_in_its_words() -> None:
    query = condense("How old were they?", conversation(ZOLEDRONIC, "Who took part in the Patchell trial?"))
    assert query == "How old were they? Who took part in the Patchell trial?"


FLOORS = {"resolved": 28, "change": 12, "full": 15}  # of 30, 15 and 15; the conversations were written before the rules


def test_held_out_conversations_are_resolved() -> None:
    right: Counter[str] = Counter()
    lines = Path(__file__).with_name("follow_ups.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        query = condense(row["question"], row["history"])
        held = all(re.search(pattern, query, re.IGNORECASE) for pattern in row["holds"])
        dragged = any(re.search(pattern, query, re.IGNORECASE) for pattern in row["lacks"])
        right[row["kind"]] += query == row["question"] if row["kind"] == "full" else held and not dragged
    assert len(lines) == 60
    assert {kind: right[kind] for kind in FLOORS if right[kind] < FLOORS[kind]} == {}
