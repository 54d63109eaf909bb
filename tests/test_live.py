"""Three questions through the real local language model, inside this process (make test-live). Off by default: takes a minute.

What is asserted holds for any wording of the model: nothing unsupported is shown, the figure is there, chosen sentences are verbatim.
"""

from collections.abc import Iterator

import pytest

from rag.build import load_language_model
from rag.pipeline import Pipeline
from rag.schema import Answer
from rag.settings import Settings
from tests.library import assert_verbatim

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def live_pipeline(real_pipeline: Pipeline) -> Iterator[Pipeline]:
    model, notice = load_language_model(Settings(llm="local", llm_timeout_s=240))
    assert notice is None
    real_pipeline.attach(model)
    yield real_pipeline
    real_pipeline.attach(None)


def assert_all_supported(answer: Answer) -> None:
    """Shown sentences come before withheld ones, have citations, and those of the library are word for word in their file."""
    assert answer.status == "answered"
    shown = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
    assert shown
    assert all(sentence.citations for sentence in shown)
    assert_verbatim(answer, Settings().corpus_dir)
    withheld = [sentence.text for sentence in answer.sentences if sentence.verdict == "unsupported"]
    assert not any(text in answer.answer for text in withheld)


def test_select_gives_the_dose_for_a_creatinine_clearance(live_pipeline: Pipeline) -> None:
    answers = list(live_pipeline.stream("What dose of zoledronic acid at a creatinine clearance of 45?"))
    assert [answer.engine for answer in answers] == ["quotes", "select"]
    assert "3.3 mg" in answers[-1].answer
    assert answers[-1].model is not None
    assert_all_supported(answers[-1])


def test_select_keeps_what_the_verbatim_answer_has(live_pipeline: Pipeline) -> None:
    quotes, select = live_pipeline.stream("How fast must an MRI be done when cord compression is suspected?")
    assert "24 hours" in select.answer
    assert {sentence.text for sentence in quotes.sentences} <= {sentence.text for sentence in select.sentences}
    assert_all_supported(select)


def test_compose_shows_supported_sentences_only(live_pipeline: Pipeline) -> None:
    answer = live_pipeline.answer("Which cancers most often spread to bone?", engine="compose")
    assert answer.engine in {"compose", "quotes"}  # quotes with a notice when fewer than half of the sentences survive
    assert answer.engine == "compose" or answer.notice
    assert_all_supported(answer)


def test_an_abstention_calls_no_model(live_pipeline: Pipeline) -> None:
    answer = live_pipeline.answer("What is the dose of paclitaxel in osteosarcoma?")
    assert answer.status == "abstained"
    assert answer.timings_ms["generate"] == 0
