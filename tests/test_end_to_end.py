"""The real library with the real embedding model, without a language model: the questions that people will ask first.

Every sentence shown must stand word for word in the corpus file, and the first sentence must be the answer.
"""

import re
from itertools import combinations

import pytest

from rag.mend import mend_names
from rag.pipeline import Pipeline
from rag.schema import Answer
from rag.sentences import readable
from tests.fakes import scripted_model
from tests.library import assert_verbatim, passage_of

pytestmark = pytest.mark.timeout(900)  # the first test indexes the whole library, which takes minutes on a busy machine

CANCERS = "Which cancers most often spread to bone?"
DIFFERENCE = "How do bisphosphonates and denosumab differ?"
RENAL_DOSE = "What dose of zoledronic acid at a creatinine clearance of 45?"
MRI = "How fast must an MRI be done when cord compression is suspected?"
SINS = "What SINS total needs a surgeon?"
EMERGENCY = "my dad has prostate cancer and suddenly can't move his legs"
PACLITAXEL = "What is the dose of paclitaxel in osteosarcoma?"
ANSWERABLE = [CANCERS, DIFFERENCE, RENAL_DOSE, MRI, SINS, EMERGENCY]


def shown(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences if sentence.verdict == "supported"]


@pytest.mark.parametrize("question", ANSWERABLE)
def test_every_sentence_shown_stands_in_the_corpus_file_at_its_offsets(real_pipeline: Pipeline, question: str) -> None:
    answer = real_pipeline.answer(question)
    assert (answer.status, answer.engine) == ("answered", "quotes")
    assert {sentence.origin for sentence in answer.sentences} == {"library"}
    assert_verbatim(answer, real_pipeline.settings.corpus_dir)


@pytest.mark.parametrize(
    ("question", "pattern"),
    [
        (CANCERS, r"(?i)(?=.*\bbreast)(?=.*\bprostate)(?=.*\blung)"),
        (DIFFERENCE, r"(?i)(?=.*\bbisphosphonates)(?=.*\bdenosumab)"),
        (RENAL_DOSE, r"(?=.*\b40 to 49 mL/min)(?=.*\b3\.3 mg)"),
        ("What dose of Zometa at a creatinine clearance of 55 mL/min?", r".*\b3\.5 mg"),
        ("What dose of zoledronic acid at a creatinine clearance of 35?", r".*\b3\.0 mg"),
        ("Zoledronic acid at a creatinine clearance of 25 mL/min?", r".*\bnot recommend"),
        (MRI, r"(?=.*\bMRI)(?=.*\b24 hours)"),
        (SINS, r".*\b7 or more\b"),
    ],
)
def test_the_first_sentence_answers(real_pipeline: Pipeline, question: str, pattern: str) -> None:
    first = shown(real_pipeline.answer(question))[0]
    assert re.match(pattern, first), first


def test_the_dose_of_another_band_is_not_shown_before_the_right_one(real_pipeline: Pipeline) -> None:
    text = real_pipeline.answer(RENAL_DOSE).answer
    assert text.count("3.3 mg") >= 1
    assert all(text.find(dose) == -1 or text.find(dose) > text.find("3.3 mg") for dose in ("3.5 mg", "3.0 mg", "is 4 mg"))


def test_a_comparison_names_both_drugs_and_each_by_itself_or_together(real_pipeline: Pipeline) -> None:
    text = " ".join(shown(real_pipeline.answer(DIFFERENCE))).lower()
    assert text.count("bisphosphonate") >= 1
    assert text.count("denosumab") >= 1


@pytest.mark.parametrize("question", ANSWERABLE)
def test_nothing_is_said_twice(real_pipeline: Pipeline, question: str) -> None:
    words = [set(re.findall(r"\w+", sentence.lower())) for sentence in shown(real_pipeline.answer(question))]
    assert all(len(one & other) < 0.8 * len(one | other) for one, other in combinations(words, 2))


def test_a_described_emergency_gets_its_alert_and_an_answer(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.answer(EMERGENCY)
    assert [alert.id for alert in answer.alerts] == ["cord-compression"]
    assert answer.alerts[0].message
    assert answer.status == "answered"


@pytest.mark.parametrize("question", [CANCERS, DIFFERENCE, RENAL_DOSE, MRI, SINS, PACLITAXEL])
def test_a_general_question_gets_no_alert(real_pipeline: Pipeline, question: str) -> None:
    assert real_pipeline.answer(question).alerts == ()


@pytest.mark.parametrize("question", [PACLITAXEL, "What is the capital of France?", "How is a Caesar salad made?"])
@pytest.mark.parametrize("engine", ["select", "compose"])
def test_abstains_without_a_model_call_when_the_library_does_not_answer(real_pipeline: Pipeline, question: str, engine: str) -> None:
    model = scripted_model("Any answer at all.")
    pipeline = Pipeline(real_pipeline.settings, real_pipeline.index, real_pipeline.embedder, model)
    (answer,) = pipeline.stream(question, engine=engine)
    assert (answer.status, answer.sentences, answer.citations) == ("abstained", (), ())
    assert model.chat.prompts == []
    assert answer.answer


def test_bodies_that_differ_are_shown_side_by_side(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.answer("Is denosumab recommended for bone metastases from prostate cancer?")
    text = " ".join(shown(answer))
    assert "NICE" in text
    assert any(body in text for body in ("ASCO", "ESMO", "AUA", "EAU"))


def test_no_word_of_the_library_is_mended(real_pipeline: Pipeline) -> None:
    corpus = sorted(path for path in real_pipeline.settings.corpus_dir.rglob("*.md") if path.name != "README.md")
    words = sorted(set(re.findall(r"[^\W\d_]+", " ".join(path.read_text(encoding="utf-8").split("---\n", 2)[2] for path in corpus))))
    assert len(words) > 1000
    assert [word for word in words if mend_names(word, real_pipeline.index) != word] == []


def test_a_question_about_the_radius_is_not_answered_with_radium(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.answer("Is the radius often broken by a metastasis?")
    assert "adium-223" not in answer.answer


def test_an_abbreviation_stands_for_its_words(real_pipeline: Pipeline) -> None:
    assert real_pipeline.verify("MSCC needs MRI.", [passage_of("Cord compression needs MRI.")]).supported


def test_the_models_lead_is_checked_against_the_real_library(real_pipeline: Pipeline) -> None:
    right = "For a creatinine clearance of 40 to 49 mL/min, the US label gives a zoledronic acid dose of 3.3 mg."
    wrong = "For a creatinine clearance of 40 to 49 mL/min, the US label gives a zoledronic acid dose of 3.0 g."
    passages = real_pipeline.search(RENAL_DOSE)
    assert [real_pipeline.verify(sentence, passages).supported for sentence in (right, wrong)] == [True, False]


@pytest.mark.parametrize("dose", ["3.0 mg", "3.5 mg", "4 mg"])
def test_the_dose_of_a_neighbouring_band_is_not_supported(real_pipeline: Pipeline, dose: str) -> None:
    sentence = f"At a creatinine clearance of 40 to 49 mL/min, the US label dose of zoledronic acid (Zometa) is {dose}."
    assert not real_pipeline.verify(sentence, real_pipeline.search(RENAL_DOSE)).supported


def test_a_sentence_of_the_library_is_supported_by_its_own_passage(real_pipeline: Pipeline) -> None:
    passages = real_pipeline.search("zoledronic acid denosumab cord compression hypercalcaemia MRI fracture", k=4)
    sentences = [(passage, passage.sentence(n)) for passage in passages for n in range(len(passage.sentences))]
    prose = [(passage, readable(sentence)) for passage, sentence in sentences if not sentence.startswith("|")]
    assert len(prose) > 8
    assert [sentence for passage, sentence in prose if not real_pipeline.verify(sentence, [passage]).supported] == []
