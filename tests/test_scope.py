"""Scope: what a question asks for and no sentence holds; measured on questions that were written before the rules."""

import json
from pathlib import Path
from typing import Any

import pytest

from rag.pipeline import Pipeline
from rag.scope import Evidence, asking_part, evidence_of, unanswered_aspects, unknown_names
from tests.library import passage_of

HELD_OUT = Path(__file__).with_name("scope_questions.jsonl")
DENOSUMAB = Evidence("Denosumab 120 mg is given every 4 weeks for bone metastases.", "US label of denosumab. Dose")
PRICE = Evidence("A vial of zoledronic acid costs £12.", "Prices. Vials")
INTERVAL = Evidence("The Patchell trial randomised 101 patients.", "Patchell trial. Patients")


def evidence(sentence: str, heading: str = "") -> list[Evidence]:
    return [Evidence(sentence, heading)]


@pytest.mark.parametrize(
    ("question", "aspect"),
    [
        ("What does one injection of denosumab cost?", "price"),
        ("Do I have to pay for denosumab myself?", "payment"),
        ("What dose of denosumab does an eight-year-old get?", "children"),
        ("Is denosumab safe in pregnancy or pregnant women?", "pregnancy"),
        ("Does denosumab interact with digoxin?", "interaction"),
        ("How should denosumab be stored?", "storage"),
        ("Can I fly the day after denosumab?", "travel"),
        ("May I drink beer on denosumab?", "alcohol"),
        ("I missed my denosumab injection, what now?", "missed-dose"),
        ("Which company makes denosumab?", "maker"),
        ("How many mg/kg of denosumab?", "dose-by-weight"),
        ("What is the waiting time for denosumab?", "waiting"),
        ("What is the phone number of the denosumab nurse?", "contact"),
        ("My dog has cancer, may she have denosumab? Is it given to dogs?", "animals"),
        ("How many weeks does it take to taper the dexamethasone?", "weaning"),
    ],
)
def test_an_aspect_without_a_sentence_is_unanswered(question: str, aspect: str) -> None:
    assert aspect in unanswered_aspects(question, [DENOSUMAB])


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("What does denosumab cost?", "Denosumab costs £300 an injection."),
        ("Is denosumab given to adolescents?", "Denosumab is given to skeletally mature adolescents."),
        ("Is denosumab safe in pregnancy?", "Denosumab must not be given in pregnancy."),
        ("What dose of denosumab is given?", "Denosumab 120 mg is given every 4 weeks."),
        ("How must denosumab be stored?", "Denosumab is stored at 2 to 8 °C."),
        ("Who makes Xgeva?", "Xgeva is made by Amgen."),
    ],
)
def test_an_aspect_that_a_sentence_speaks_of_is_answered(question: str, sentence: str) -> None:
    assert unanswered_aspects(question, evidence(sentence)) == []


def test_the_price_of_another_drug_is_no_answer() -> None:
    assert unanswered_aspects("What does denosumab cost?", [DENOSUMAB, PRICE]) == ["price"]
    assert unanswered_aspects("What does zoledronic acid cost?", [DENOSUMAB, PRICE]) == []


@pytest.mark.parametrize(
    "question",
    [
        "What does a SINS of 9 mean?",
        "How often is denosumab given?",
        "Should a bone that has broken be fixed?",
        "What drives osteoclasts in bone metastases?",
        "Is radiotherapy worth it for my kids' sake, or does the pain come back?",
    ],
)
def test_a_question_without_an_aspect_is_left_alone(question: str) -> None:
    assert unanswered_aspects(question, [DENOSUMAB]) == []


def test_a_trial_or_score_that_no_sentence_names_is_unanswered() -> None:
    assert unanswered_aspects("What did the Patchell trial find?", [INTERVAL]) == []
    assert unanswered_aspects("What did the Okuda trial find?", [INTERVAL]) == ["Okuda"]


def test_points_of_a_score_that_is_only_named_are_unanswered() -> None:
    named = evidence("The Tomita score and others were compared in 2019.")
    assert unanswered_aspects("How many points does slow growth get in the Tomita score?", named) == ["Tomita"]
    assert (
        unanswered_aspects(
            "How many points does slow growth get in the Tomita score?", evidence("Slow growth gets 1 point in the Tomita score.")
        )
        == []
    )


def test_what_a_case_tells_is_not_asked() -> None:
    question = "I paid for a flight and have children. What dose of denosumab is given?"
    assert asking_part(question) == "What dose of denosumab is given?"
    assert unanswered_aspects(question, [DENOSUMAB]) == []


def test_the_subject_that_a_follow_up_carries_is_kept() -> None:
    assert asking_part("Thanks. And its price? (denosumab)") == "And its price? (denosumab)"


def _pieces(word: str) -> int:
    return {"teriparatide": 4, "appointment": 1, "zoledronik": 4, "wheelchair": 3, "wheel": 1, "chair": 1, "unsteadily": 3}.get(word, 2)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How often is teriparatide given?", ["teriparatide"]),
        ("Will I have an appointment?", []),
        ("Which zoledronik dose?", []),
        ("Do I need a wheelchair?", []),
        ("Why do I walk unsteadily?", []),
        ("My mother takes teriparatide. How often is denosumab given?", []),
    ],
)
def test_technical_names_that_the_library_lacks(question: str, names: list[str]) -> None:
    assert unknown_names(question, known={"zoledron", "denosumab", "dose"}, pieces=_pieces) == names


def test_evidence_is_every_sentence_with_its_headings() -> None:
    found = evidence_of([passage_of("One.", "Two.", section="A section", title="A title")])
    assert found == [Evidence("One.", "A title. A section"), Evidence("Two.", "A title. A section")]


def _held_out(status: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["status"] == status]


def test_an_answerable_held_out_question_has_its_evidence_in_the_corpus() -> None:
    corpus = {path.read_text(encoding="utf-8") for path in (HELD_OUT.parent.parent / "corpus").glob("*/*.md")}
    for row in _held_out("answered"):
        document = next(text for text in corpus if f"\nid: {row['evidence']['document_id']}\n" in text)
        assert row["evidence"]["quote"] in " ".join(document.split()), row["id"]


def test_held_out_near_misses_are_declined_and_answerable_questions_are_not(real_pipeline: Pipeline) -> None:
    declined = {
        status: sum(real_pipeline.answer(row["question"]).status == "abstained" for row in _held_out(status))
        for status in ("abstained", "answered")
    }
    assert declined["abstained"] >= 32  # of 40; 12 before the rules
    assert declined["answered"] <= 1  # of 40
