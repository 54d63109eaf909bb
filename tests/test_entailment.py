"""rag.entailment: a logit depends on a sentence and its evidence alone, the trained network tells rewordings from edits, and the check heeds its vote."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.embed import RememberingEncoder
from rag.entailment import ENTAILMENT_FILE, Entailment, evidence_texts, open_entailment
from rag.errors import ModelFileError
from rag.pipeline import Pipeline
from rag.verify import verify
from tests.fakes import HashingEmbedder
from tests.library import passage_of

TITLE = "NICE TA265 (2012): denosumab for bone metastases"
LIMIT = "Denosumab is an option for adults with bone metastases from breast cancer if bisphosphonates would otherwise be prescribed."
REWORDING = "For adults whose breast cancer has reached the bones, denosumab is an option where a bisphosphonate would otherwise be given."


@pytest.fixture(scope="module")
def network(real_pipeline: Pipeline) -> Entailment:
    found = open_entailment(RememberingEncoder(real_pipeline.embedder).tokens, real_pipeline.embedder.revision)
    assert found, f"{ENTAILMENT_FILE.name} was trained with another embedding model: run 'python -m evals.train_entailment'"
    return found


def test_with_another_embedding_model_there_is_no_vote() -> None:
    assert open_entailment(RememberingEncoder(HashingEmbedder()).tokens, HashingEmbedder().revision) is None


def test_a_missing_network_is_none_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert open_entailment(RememberingEncoder(HashingEmbedder()).tokens, "any", tmp_path / "none.safetensors") is None
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelFileError, match="damaged"):
        open_entailment(RememberingEncoder(HashingEmbedder()).tokens, "any", tmp_path / "bad.safetensors")


def test_evidence_is_the_title_and_the_sentences_as_they_are_read() -> None:
    assert evidence_texts("SINS", ["- Pain\n  counts.", "| Lytic | 2 points |"]) == ("SINS", "Pain counts.", "Lytic: 2 points")


def test_a_logit_depends_on_its_own_pair_alone(network: Entailment) -> None:
    pair, long = (REWORDING, (TITLE, LIMIT)), ("Bone pain is treated. " * 30, (TITLE, LIMIT, LIMIT))
    assert network.logits([pair])[0] == pytest.approx(network.logits([long, pair])[1], abs=1e-3)
    assert network.logits([]) == []


def test_a_claim_and_evidence_of_a_word_are_judged(network: Entailment) -> None:
    assert len(network.logits([("Fever", ("Pain",)), (REWORDING, (TITLE, LIMIT))])) == 2
    assert len(network.logits([("Fever", ("Pain",))])) == 1


@pytest.mark.parametrize(
    "edit",
    [
        "For anyone whose cancer has reached the bones, denosumab is an option where a bisphosphonate would otherwise be given.",
        "For adults whose prostate cancer has reached the bones, denosumab is an option where a bisphosphonate would otherwise be given.",
        "For adults whose breast cancer has reached the bones, denosumab is an option where a bisphosphonate has failed and calcium is normal.",
    ],
)
def test_a_rewording_reads_better_than_an_edit_of_it(network: Entailment, edit: str) -> None:
    right, wrong = network.logits([(REWORDING, (TITLE, LIMIT)), (edit, (TITLE, LIMIT))])
    assert right > wrong


@pytest.mark.parametrize(("logit", "supported"), [(9.0, True), (-9.0, False)])
def test_the_check_heeds_the_vote(logit: float, supported: bool) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def entail(pairs: Sequence[tuple[str, tuple[str, ...]]]) -> list[float]:
        asked.extend(pairs)
        return [logit] * len(pairs)

    sentence = "Denosumab is an option for adults with bone metastases from breast cancer if they would otherwise be given bisphosphonates."
    verdict = verify(sentence, [passage_of(LIMIT, title=TITLE)], encode=HashingEmbedder().encode_documents, entail=entail)
    assert verdict.supported is supported
    assert asked == [(sentence, (TITLE, LIMIT))]


def test_a_vote_mends_no_failed_check() -> None:
    wrong = "Denosumab is an option for adults with bone metastases from prostate cancer if bisphosphonates would otherwise be prescribed."
    verdict = verify(
        wrong, [passage_of(LIMIT, title=TITLE)], encode=HashingEmbedder().encode_documents, entail=lambda pairs: [9.0] * len(pairs)
    )
    assert not verdict.supported
