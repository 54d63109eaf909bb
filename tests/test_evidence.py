"""rag.evidence: what one sentence of a document lends to a clause that rests on another."""

from rag.align import read
from rag.evidence import candidates, lent_by
from tests.library import passage_of

OTHER = read("The guideline of NICE from 2023 gives denosumab by the Mirels score; a survey ended in 2019.")


def test_a_body_is_lent_and_no_drug_and_no_score() -> None:
    assert lent_by(OTHER, read("Denosumab is given where the Mirels score is high.")) == ["NICE"]


def test_a_year_is_lent_together_with_its_body() -> None:
    assert lent_by(OTHER, read("NICE advised it in 2023.")) == ["NICE", "2023"]


def test_no_clause_is_lent_the_drug_of_another_sentence() -> None:
    passage = passage_of(
        "NICE says that zoledronic acid is given yearly for fragile bones.", "The jaw is looked at before any infusion is started."
    )
    claim = read("Zoledronic acid is given yearly for fragile bones, and the jaw is looked at before an infusion is started.")
    cut = [pairing for pairing in candidates(claim, [passage]) if len(pairing) > 1]
    assert cut
    for pairing in cut:
        for _, evidence in pairing:
            assert not any(word.kind in {"drug", "score"} for word in evidence.origin.words)
