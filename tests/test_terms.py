"""rag.terms: names of the field found in text, the words that widen a search, and the subjects that no passage mentions."""

import pytest
import yaml

from rag.terms import TERMS_FILE, absent_subjects, expansions, find_terms, full_names, synonyms, vocabulary_words


def names(text: str) -> list[tuple[str, str]]:
    return [(term.kind, term.name) for term in find_terms(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spinal cord compression", [("condition", "metastatic spinal cord compression")]),
        ("metastatic spinal cord compression", [("condition", "metastatic spinal cord compression")]),
        ("spinal metastases", [("condition", "spinal metastasis")]),
        ("the spinal canal", [("site", "spine")]),
        ("atypical femoral fractures", [("condition", "atypical femoral fracture")]),
        ("a femoral fracture", [("site", "femur")]),
        ("hypercalcaemia of malignancy", [("condition", "hypercalcaemia of malignancy")]),
        ("hypercalcaemia", [("condition", "hypercalcaemia")]),
        ("castration-resistant prostate cancer", [("tumour", "castration-resistant prostate cancer")]),
        ("PSMA PET", [("imaging", "PSMA PET")]),
        ("PET-CT", [("imaging", "PET-CT")]),
        ("PET/CT", [("imaging", "PET-CT")]),
        ("bone-targeted agents", [("drug", "bone-targeted agent")]),
        ("stereotactic body radiotherapy", [("treatment", "SBRT")]),
        ("osteonecrosis of the jaw", [("condition", "osteonecrosis of the jaw")]),
        ("the jaw", [("site", "jaw")]),
    ],
)
def test_the_longest_name_wins(text: str, expected: list[tuple[str, str]]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Zometa", "zoledronic acid"),
        ("zoledronate", "zoledronic acid"),
        ("ZOLEDRONIC ACID", "zoledronic acid"),
        ("Xgeva", "Xgeva"),
        ("MRONJ", "osteonecrosis of the jaw"),
        ("mscc", "metastatic spinal cord compression"),
        ("EBRT", "external beam radiotherapy"),
        ("hypercalcemia", "hypercalcaemia"),
        ("Ra-223", "radium-223"),
        ("Mirels’ score", "Mirels"),
        ("Mirels' score", "Mirels"),
        ("the Zometa’s dose", "zoledronic acid"),
        ("denosumab-treated", "denosumab"),
        ("sodium chloride 0.9% infusion", "saline"),
    ],
)
def test_synonyms_spellings_and_cases_lead_to_one_name(text: str, name: str) -> None:
    assert [term.name for term in find_terms(text)] == [name]


@pytest.mark.parametrize(
    ("text", "found"),
    [("RT to the hip", True), ("rt to the hip", False), ("CT", True), ("ct", False), ("the EU", True), ("Eu", False), ("cts", False)],
)
def test_two_letter_names_match_capitals_only(text: str, found: bool) -> None:
    assert bool(find_terms(text)) is found


@pytest.mark.parametrize("text", ["non-denosumab", "steroidal", "jawbone", "predenosumab", "bony", "lungs of", "", "Hello"])
def test_a_name_within_another_word_is_not_found(text: str) -> None:
    assert find_terms(text) == []


def test_gives_places_in_order_without_overlap() -> None:
    text = "Does ASTRO prefer RT or SBRT for MSCC, Zometa’s role and Mirels’ score aside?"
    found = find_terms(text)
    assert [text[term.start : term.end] for term in found] == ["ASTRO", "RT", "SBRT", "MSCC", "Zometa", "Mirels’"]
    assert [term.kind for term in found] == ["body", "treatment", "treatment", "condition", "drug", "score"]


@pytest.mark.parametrize("text", ["Who recommends this?", "patients who cannot walk", "What a nice day", "my pet dog"])
def test_an_everyday_word_is_no_abbreviation(text: str) -> None:
    assert find_terms(text) == []


@pytest.mark.parametrize(
    ("text", "name"), [("cord\ncompression", "metastatic spinal cord compression"), ("breast  cancer cells in vitamin\nD", "vitamin D")]
)
def test_a_name_may_run_across_a_line_break(text: str, name: str) -> None:
    assert name in [term.name for term in find_terms(text)]


def test_synonyms_are_the_whole_group_or_the_word_itself() -> None:
    assert set(synonyms("zoledronic acid")) >= {"zoledronic acid", "zoledronate", "Zometa"}
    assert synonyms("no such name") == ("no such name",)


@pytest.mark.parametrize(
    ("query", "included"),
    [
        ("MSCC scan", ["metastatic spinal cord compression", "cord compression"]),
        ("EBRT dose", ["external beam radiotherapy", "radiotherapy"]),
        ("SRE rate", ["skeletal-related event"]),
        ("ONJ risk", ["osteonecrosis of the jaw", "MRONJ"]),
        ("HCM", ["hypercalcaemia of malignancy", "hypercalcaemia"]),
        ("hypercalcemia", ["hypercalcaemia"]),
        ("Xgeva", ["denosumab"]),
        ("Zometa", ["zoledronic acid", "bisphosphonate"]),
        ("bone mets", ["bone metastasis", "bone metastases"]),
        ("my legs feel weak", ["limb weakness", "cord compression"]),
        ("can’t walk", ["difficulty walking"]),
        ("I CAN'T WALK", ["difficulty walking"]),
        ("spread to the bones", ["bone metastasis"]),
        ("teeth", ["dental"]),
    ],
)
def test_expands_a_query_by_synonyms_wider_words_and_terms_for_lay_words(query: str, included: list[str]) -> None:
    assert set(included) <= set(expansions(query))


@pytest.mark.parametrize("query", ["MSCC scan", "zoledronic acid and bisphosphonates", "Zometa or zoledronate", "bone mets", "EBRT"])
def test_expansions_repeat_neither_the_query_nor_themselves(query: str) -> None:
    added = expansions(query)
    assert len(added) == len(set(added))
    assert not [word for word in added if word.lower() in query.lower()]


@pytest.mark.parametrize("query", ["hello there", "denosumab", "teething", "", "a jawline"])
def test_adds_nothing_where_nothing_is_known(query: str) -> None:
    assert expansions(query) == []


def test_a_wider_word_never_leads_back_to_a_narrower_one() -> None:
    assert "Xgeva" not in expansions("denosumab dose")
    assert "zoledronic acid" not in expansions("bisphosphonate dose")


def test_a_wider_word_is_added_once_without_its_synonyms() -> None:
    assert "bisphosphonates" not in expansions("Zometa")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("MSCC", ["metastatic spinal cord compression"]),
        ("RT or EBRT", ["radiotherapy", "external beam radiotherapy"]),
        ("ONJ with denosumab", ["osteonecrosis of the jaw"]),
        ("High calcium", ["hypercalcaemia"]),
        ("I can’t walk", ["difficulty walking, gait"]),
        ("IMWG criteria", []),
        ("MSCC and MSCC", ["metastatic spinal cord compression"]),
        ("NICE on MRI", []),
        ("Zometa or Xofigo", ["zoledronic acid", "radium-223"]),
        ("breast and mets in the vertebrae", []),
        ("MSCC (metastatic spinal cord compression)", []),
        ("MSCC or mscc", ["metastatic spinal cord compression"]),
    ],
)
def test_full_names_are_those_of_abbreviations_brands_and_lay_words_only(query: str, expected: list[str]) -> None:
    assert full_names(query) == expected


@pytest.mark.parametrize(
    ("question", "texts", "expected"),
    [
        ("dose of paclitaxel", ["Zoledronic acid 4 mg."], ["paclitaxel"]),
        ("Dose of Paclitaxel?", ["Zoledronic acid 4 mg."], ["Paclitaxel"]),
        ("PACLITAXEL OR SINS?", [], ["PACLITAXEL", "SINS"]),
        ("Comparing costs", [], []),
        ("dose of paclitaxel", ["It may follow PACLITAXEL."], []),
        ("dose of Zometa", ["Zoledronic acid 4 mg."], []),
        ("dose of steroids", ["A corticosteroid is given."], []),
        ("dose of zoledronate", ["Denosumab 120 mg."], ["zoledronate"]),
        ("pembrolizumab with denosumab", ["Denosumab 120 mg."], ["pembrolizumab"]),
        ("Mirels or SINS?", ["The Spinal Instability Neoplastic Score."], ["Mirels"]),
        ("ramipril, atenolol and apixaban", [], ["ramipril", "atenolol", "apixaban"]),
        ("abiraterone then enzalutamide", ["One text.", "Abiraterone too."], ["enzalutamide"]),
        ("Does liposarcoma spread?", ["Breast cancer spreads."], ["liposarcoma"]),
        ("Does neuroblastoma spread?", ["Neuroblastoma spreads."], []),
        ("MRI of the spine for MSCC, says NICE", [], []),
        ("What is the control arm of the protocol?", [], []),
        ("What of cholesterol and parasols?", [], []),
        ("dose of zoledronic acid", [], ["zoledronic acid"]),
        ("", [], []),
    ],
)
def test_names_the_subjects_that_no_text_mentions(question: str, texts: list[str], expected: list[str]) -> None:
    assert absent_subjects(question, texts) == expected


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("dose of zoledronate", "Zoledronic acid 4 mg."),
        ("dose of zoledronic acid", "Zometa 4 mg."),
        ("pamidronate or ibandronate?", "Pamidronic acid 90 mg, ibandronic acid 6 mg."),
    ],
)
def test_a_drug_under_another_name_is_not_absent(question: str, text: str) -> None:
    assert absent_subjects(question, [text]) == []


@pytest.mark.parametrize("tumour", ["melanoma", "sarcoma", "glioma"])
def test_a_tumour_whose_whole_name_is_the_ending_is_a_subject(tumour: str) -> None:
    assert absent_subjects(f"Does {tumour} spread to bone?", ["Breast cancer spreads."]) == [tumour]


def test_vocabulary_words_are_single_long_words_in_one_spelling() -> None:
    words = vocabulary_words()
    assert {"zoledronic", "denosumab", "hypercalcemia"} <= set(words)
    assert all(len(word) >= 6 and word.isalpha() and word == word.lower() for word in words)
    assert "hypercalcaemia" not in words
    assert list(words) == sorted(set(words))


def test_the_table_gives_each_word_to_one_group() -> None:
    table = yaml.safe_load(TERMS_FILE.read_text(encoding="utf-8"))
    words = [word for kind in table["names"].values() for group in kind for word in {name.lower() for name in group}]
    assert sorted(words) == sorted(set(words))
    assert all(said == said.lower() for said in table["lay"])


def test_the_table_widens_names_of_groups_only() -> None:
    table = yaml.safe_load(TERMS_FILE.read_text(encoding="utf-8"))
    known = {group[0] for kind in table["names"].values() for group in kind}
    assert set(table["broader"]) | {name for wider in table["broader"].values() for name in wider} <= known
