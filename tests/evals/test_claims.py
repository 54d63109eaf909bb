"""Corruptions are false, fluent where they can be, and the same each time; the committed claims stand on the corpus."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from evals.claims import CLAIMS_DIR, FALSE_KINDS, Claim, corrupt, load_claims, load_fresh_claims
from evals.questions import QuestionsError
from rag.load import load_corpus
from rag.settings import PROJECT_DIR
from tests.fakes import write_toy_corpus


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    return load_claims({document.source.document_id: document for document in load_corpus(PROJECT_DIR / "corpus")})


def test_there_are_claims_of_every_kind_in_both_splits(claims: list[Claim]) -> None:
    for split in ("dev", "test"):
        counted = Counter(claim.kind for claim in claims if claim.split == split)
        assert all(counted[kind] >= 7 for kind in (*FALSE_KINDS, "verbatim")), counted
        assert all(counted[kind] >= 2 for kind in ("paraphrase", "condensation")), counted
    assert len({claim.claim_id for claim in claims}) == len(claims)


def test_a_false_claim_is_no_sentence_of_the_corpus_and_no_true_claim(claims: list[Claim]) -> None:
    true = {claim.sentence.casefold() for claim in claims if claim.true}
    assert not [claim.claim_id for claim in claims if not claim.true and claim.sentence.casefold() in true]


@pytest.mark.parametrize(
    ("sentence", "kind", "wanted"),
    [
        ("Zoledronic acid is given within 24 hours.", "unit", "Zoledronic acid is given within 24 days."),
        ("NICE does not recommend it.", "negation", "NICE does recommend it."),
        ("NICE recommends it.", "negation", "NICE recommends against it."),
        ("Calcium above 3 mmol/L is treated.", "direction", "Calcium below 3 mmol/L is treated."),
        ("A lytic lesion scores 3 points.", "entity", "A blastic lesion scores 3 points."),
    ],
)
def test_a_corruption_changes_what_it_says_it_changes(sentence: str, kind: str, wanted: str) -> None:
    assert dict(corrupt(sentence, seed="s"))[kind] == wanted


@pytest.mark.parametrize("seed", ["a", "b", "c", "d", "e"])
def test_a_changed_figure_is_another_figure_and_no_code_or_year(seed: str) -> None:
    sentence = "NICE (NG234, 2023, recommendation 1.5.2) gives radium-223 at T12 6 times, 4 weeks apart."
    changed = dict(corrupt(sentence, seed=seed))["figure"]
    assert changed != sentence
    for kept in ("NG234", "2023", "1.5.2", "radium-223", "T12"):
        assert kept in changed
    assert len(set(changed.split()) ^ set(sentence.split())) == 2  # one word went, one came


def test_a_swapped_name_is_another_one_that_the_sentence_lacks() -> None:
    for seed in "abcdef":
        swapped = dict(corrupt("Denosumab and zoledronic acid differ; zoledronic acid is infused.", seed=seed))["drug"]
        assert "zoledronic acid" not in swapped
        assert "denosumab" not in swapped.removeprefix("Denosumab")


def test_corruptions_repeat() -> None:
    sentence = "NICE says that MRI is done within 24 hours in adults."
    assert list(corrupt(sentence, seed="x")) == list(corrupt(sentence, seed="x"))


def test_every_claim_rests_on_words_of_the_corpus() -> None:
    text_of = {document.source.document_id: document.text for document in load_corpus(PROJECT_DIR / "corpus")}
    rows = [
        json.loads(line)
        for name in ("rewordings", "edits")
        for line in (CLAIMS_DIR / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["id"] for row in rows if not all(quote in text_of.get(row["document_id"], "") for quote in row["quotes"])] == []
    assert {row["claim"] for row in rows if "claim" in row} <= {row["id"] for row in rows}


def test_a_claim_whose_words_left_the_corpus_is_left_out(tmp_path: Path) -> None:
    documents = {document.source.document_id: document for document in load_corpus(write_toy_corpus(tmp_path / "corpus"))}
    rows = [
        {
            "id": f"claim-00{n}",
            "split": "dev",
            "kind": "paraphrase",
            "document_id": "sins",
            "quotes": [quote],
            "sentence": "A total of six is stable.",
        }
        for n, quote in enumerate(("A SINS total of 9.", "A SINS total of 0 to 6 is stable."))
    ]
    (tmp_path / "rewordings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "edits.jsonl").write_text("")
    assert {claim.claim_id.partition("/")[0] for claim in load_claims(documents, tmp_path) if claim.claim_id.startswith("claim")} == {
        "claim-001"
    }


@pytest.mark.parametrize("fields", [{"kind": "figure"}, {"quotes": []}, {"extra": 1}, {"id": "x"}])
def test_a_claim_that_breaks_the_schema_is_named(fields: dict[str, object], tmp_path: Path) -> None:
    row = {
        "id": "claim-001",
        "split": "dev",
        "kind": "paraphrase",
        "document_id": "sins",
        "quotes": ["A SINS"],
        "sentence": "A total of six.",
    } | fields
    (tmp_path / "rewordings.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "edits.jsonl").write_text("")
    with pytest.raises(QuestionsError, match="rewordings.jsonl, line 1"):
        load_claims({}, tmp_path)


def test_a_corruption_that_the_corpus_states_is_left_out(tmp_path: Path) -> None:
    bullet = "Beta (2020) does not recommend denosumab for bone metastases from prostate cancer in this longer sentence."
    for name in ("rewordings", "edits"):
        (tmp_path / f"{name}.jsonl").write_text("")
    path = write_toy_corpus(tmp_path / "corpus") / "guideline" / "beta.md"

    def negated(*bullets: str) -> list[str]:
        path.write_text(path.read_text() + "".join(f"\n- {one}\n" for one in bullets))
        documents = {document.source.document_id: document for document in load_corpus(tmp_path / "corpus")}
        return [
            claim.sentence for claim in load_claims(documents, tmp_path) if claim.kind == "negation" and claim.document_id == "beta-2020"
        ]

    assert negated(bullet) == [bullet.replace("does not", "does")]
    assert bullet.replace("does not", "does") not in negated(bullet.replace("does not", "does"))


def test_fresh_claims_rest_on_the_corpus_and_none_is_a_claim_of_the_gate(claims: list[Claim]) -> None:
    documents = {document.source.document_id: document for document in load_corpus(PROJECT_DIR / "corpus")}
    fresh = load_fresh_claims(documents)
    lines = (CLAIMS_DIR / "fresh.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(fresh) == len(lines) == len({claim.claim_id for claim in fresh})  # nothing that has left the corpus
    assert {claim.split for claim in fresh} == {"dev", "test"}
    assert not {claim.sentence for claim in fresh} & {claim.sentence for claim in claims}


def test_a_fresh_claim_whose_words_left_the_corpus_is_left_out(tmp_path: Path) -> None:
    shutil.copy(CLAIMS_DIR / "fresh.jsonl", tmp_path / "fresh.jsonl")
    assert load_fresh_claims({}, tmp_path) == []
