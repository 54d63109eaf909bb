"""A question that takes something false for granted: who agrees is withheld, who says what the library says is shown."""

import pytest

from rag.pipeline import Pipeline
from tests.fakes import scripted_model

# question, a sentence that agrees with what is false in it, a sentence that says what the library says
FALSE_PREMISES = [
    (
        "Since denosumab is a bisphosphonate, how far is its dose reduced when the kidneys fail?",
        "Denosumab is a bisphosphonate that is cleared by the kidney.",
        "The dose of denosumab is not reduced in kidney impairment.",
    ),
    (
        "As NICE recommends plain X-rays to rule out spinal metastases, which views are needed?",
        "NICE recommends plain X-rays for ruling out spinal metastases.",
        "NICE advises against plain X-rays for ruling out spinal metastases.",
    ),
    (
        "Given that the MRI for suspected cord compression may take a week under NICE, who books it?",
        "NICE allows one week for the MRI in suspected metastatic spinal cord compression.",
        "NICE asks for the MRI in suspected metastatic spinal cord compression within 24 hours.",
    ),
    (
        "Because radium-223 works best together with abiraterone and prednisone, what is its dose then?",
        "Radium-223 is recommended in combination with abiraterone and prednisone.",
        "Radium-223 must not be used in combination with abiraterone and prednisone.",
    ),
    (
        "Prostate cancer makes lytic holes in bone: how do they look on an X-ray?",
        "Bone metastases of prostate cancer are typically osteolytic.",
        "Osteoblastic bone metastases are typical of prostate cancer.",
    ),
]


@pytest.mark.parametrize(("question", "agrees", "_contradicts"), FALSE_PREMISES)
def test_a_sentence_that_agrees_is_withheld_and_the_library_answers(
    real_pipeline: Pipeline, question: str, agrees: str, _contradicts: str
) -> None:
    pipeline = Pipeline(real_pipeline.settings, real_pipeline.index, real_pipeline.embedder, scripted_model(agrees))
    answer = pipeline.answer(question, engine="compose")
    assert all(sentence.text != agrees for sentence in answer.sentences if sentence.verdict == "supported")
    assert answer.sentences[0].origin == "library"


@pytest.mark.parametrize(("question", "_agrees", "contradicts"), FALSE_PREMISES)
def test_a_sentence_that_contradicts_is_supported(real_pipeline: Pipeline, question: str, _agrees: str, contradicts: str) -> None:
    verdict = real_pipeline.verify(contradicts, real_pipeline.search(question))
    assert verdict.supported, verdict.reason


CLEARANCE = "Denosumab is not cleared by the kidney."


def test_what_is_only_likely_is_not_supported(real_pipeline: Pipeline) -> None:
    """That its dose stays the same in kidney impairment does not say that the kidney does not clear it; another sentence of the library does."""
    dose = real_pipeline.search(FALSE_PREMISES[0][0])
    assert not any("cleared by the kidney" in passage.text for passage in dose)
    assert not real_pipeline.verify(CLEARANCE, dose).supported
    assert real_pipeline.verify(CLEARANCE, real_pipeline.search("Is denosumab cleared by the kidney?")).supported
