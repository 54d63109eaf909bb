"""Ranked sentences: the dose for a dose, the row for a clearance, the sentence that can stand alone.

Passages are made by hand with equal similarities where only one rule is to decide.
"""

from dataclasses import replace

import pytest

from rag.schema import Passage
from rag.sentences import HOLDS_VALUE_BONUS, RankedSentence, rank_sentences, readable
from tests.library import passage_of

RENAL_DOSES = (
    "At a creatinine clearance above 60 mL/min the dose of zoledronic acid is 4 mg.",
    "At a creatinine clearance of 50 to 60 mL/min the dose of zoledronic acid is 3.5 mg.",
    "At a creatinine clearance of 40 to 49 mL/min the dose of zoledronic acid is 3.3 mg.",
    "At a creatinine clearance of 30 to 39 mL/min the dose of zoledronic acid is 3.0 mg.",
    "At a creatinine clearance below 30 mL/min zoledronic acid is not recommended.",
)


def rank(question: str, *passages: Passage) -> list[RankedSentence]:
    return rank_sentences(question, passages, rarity=lambda stem: 1.0)


@pytest.mark.parametrize(
    ("clearance", "dose"),
    [
        ("75", "4 mg"),
        ("61 mL/min", "4 mg"),
        ("55", "3.5 mg"),
        ("50 mL/min", "3.5 mg"),
        ("49", "3.3 mg"),
        ("45", "3.3 mg"),
        ("45 mL/min", "3.3 mg"),
        ("40 ml/min", "3.3 mg"),
        ("39", "3.0 mg"),
        ("30", "3.0 mg"),
        ("29 mL/min", "not recommended"),
        ("12", "not recommended"),
    ],
)
@pytest.mark.parametrize("rows", [RENAL_DOSES, tuple(reversed(RENAL_DOSES))], ids=["falling", "rising"])
def test_a_question_for_a_clearance_gets_the_row_that_holds_it(clearance: str, dose: str, rows: tuple[str, ...]) -> None:
    first = rank(f"What dose of zoledronic acid at a creatinine clearance of {clearance}?", passage_of(*rows))[0]
    assert dose in first.text


def test_a_clearance_on_the_edge_gets_the_band_that_holds_it_and_not_the_one_above() -> None:
    first = rank("What dose of zoledronic acid at a creatinine clearance of 60?", passage_of(*RENAL_DOSES))[0]
    assert "3.5 mg" in first.text


@pytest.mark.parametrize(
    ("clearance", "dose"),
    [
        ("50", "3.5 mg"),
        ("45 mL/min", "3.3 mg"),
        ("39", "3.0 mg"),
        pytest.param("75", "4 mg"),
        ("55", "3.5 mg"),
        ("45", "3.3 mg"),
        pytest.param("25", "Not recommended"),
    ],
)
def test_a_table_of_renal_doses_gives_the_row_that_holds_the_clearance(clearance: str, dose: str) -> None:
    rows = passage_of(
        "| Above 60 mL/min | 4 mg |",
        "| 50–60 mL/min | 3.5 mg |",
        "| 40–49 mL/min | 3.3 mg |",
        "| 30–39 mL/min | 3.0 mg |",
        "| Below 30 mL/min | Not recommended |",
    )
    assert dose in rank(f"What dose of zoledronic acid at a creatinine clearance of {clearance}?", rows)[0].text


@pytest.mark.parametrize(("total", "meaning"), [("3", "Stable"), ("7", "Indeterminate"), ("12", "Indeterminate"), ("15", "Unstable")])
def test_a_table_of_totals_gives_the_row_that_holds_the_total(total: str, meaning: str) -> None:
    rows = passage_of("| 0–6 | Stable |", "| 7–12 | Indeterminate |", "| 13–18 | Unstable |")
    assert rank(f"What does a SINS total of {total} mean?", rows)[0].text.endswith(f": {meaning}")


def test_a_question_for_a_dose_prefers_the_sentence_that_states_one() -> None:
    passage = passage_of("Denosumab is given for bone metastases.", "Denosumab for bone metastases is given as 120 mg.")
    assert rank("What is the dose of denosumab for bone metastases?", passage)[0].text.endswith("120 mg.")


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How fast must an MRI be done?", "An MRI is done within 24 hours."),
        ("How many patients in percent had an MRI?", "An MRI was done in 24% of patients."),
        ("Above which calcium level is an MRI done?", "An MRI is done above a calcium of 3 mmol/L."),
    ],
)
def test_a_question_for_a_time_a_share_or_a_level_prefers_that_unit(question: str, first: str) -> None:
    passage = passage_of(
        "An MRI was done in 24% of patients.", "An MRI is done above a calcium of 3 mmol/L.", "An MRI is done within 24 hours."
    )
    assert rank(question, passage)[0].text == first


def test_a_year_is_not_taken_for_a_figure_that_was_asked_for() -> None:
    passage = passage_of("The dose of denosumab was set in 2020.", "The dose of denosumab is 120 mg.")
    assert "120 mg" in rank("What dose of denosumab?", passage)[0].text


def test_a_year_in_the_question_is_no_value_that_a_range_must_hold() -> None:
    passage = passage_of("A SINS total of 13 to 18 is an unstable spinal segment.", "An unstable spinal segment is a matter of SINS.")
    assert "13 to 18" in rank("Which spinal segment is unstable in SINS 2010?", passage)[0].text


def test_a_bare_number_in_the_question_is_no_time() -> None:
    times = "Zoledronic acid at a creatinine clearance is repeated after 30 to 60 months."
    passage = passage_of("Zoledronic acid at a creatinine clearance is an infusion.", times)
    assert rank("zoledronic acid at a creatinine clearance of 45", passage)[0].text != times


def test_the_heading_tells_what_a_sentence_is_about() -> None:
    other, right = passage_of("It is given every month."), passage_of("It is given each month.", section="Denosumab", rank=2)
    assert rank("How is denosumab given?", other, right)[0].text == "It is given each month."


def test_a_sentence_that_spells_out_an_abbreviation_goes_first() -> None:
    passage = passage_of("Steroids are given for bone pain.", "Steroids are given for cord compression.")
    assert rank("Steroids in MSCC", passage)[0].text == "Steroids are given for cord compression."


def test_nearness_in_meaning_decides_where_words_are_alike() -> None:
    passage = passage_of("Bone pain comes first.", "Bone pain comes later.", similarities=(0.3, 0.8))
    assert rank("bone pain", passage)[0].text == "Bone pain comes later."


def test_the_words_of_the_question_decide_where_nearness_is_alike() -> None:
    passage = passage_of("Radiotherapy treats something else.", "Calcitonin lowers calcium.")
    assert rank("Does calcitonin lower calcium?", passage)[0].text == "Calcitonin lowers calcium."


def test_a_passage_with_more_that_speaks_for_it_goes_first() -> None:
    low, high = passage_of("Bone pain is treated."), replace(passage_of("Bone pain is eased.", rank=2), prior=0.1)
    assert rank("bone pain", low, high)[0].text == "Bone pain is eased."


def test_nearness_of_tokens_decides_where_nearness_of_the_whole_is_alike() -> None:
    passage = replace(passage_of("Bone pain is treated.", "Bone pain is eased."), token_similarities=(0.6, 0.7))
    assert rank("bone pain", passage)[0].text == "Bone pain is eased."


def test_a_sentence_reads_better_than_the_table_row_that_says_the_same() -> None:
    passage = passage_of("| Lytic lesion | 2 points |", "A lytic lesion scores 2 points.")
    assert rank("How many points for a lytic lesion?", passage)[0].text == "A lytic lesion scores 2 points."


def test_a_sentence_that_points_back_to_one_not_shown_goes_behind() -> None:
    passage = passage_of("This lowers calcium within hours.", "Calcitonin lowers calcium.")
    assert rank("What lowers calcium?", passage)[0].text == "Calcitonin lowers calcium."


def test_what_a_digest_says_of_itself_goes_last() -> None:
    passage = passage_of("The MRI section was not read for this digest.", "MRI is one test among others.", similarities=(0.7, 0.5))
    assert rank("MRI", passage)[0].text == "MRI is one test among others."


def test_a_sentence_that_stands_in_two_passages_is_ranked_once() -> None:
    texts = [
        sentence.text for sentence in rank("bone pain", passage_of("Bone pain is eased."), passage_of("Bone  pain is\neased.", rank=2))
    ]
    assert texts == ["Bone pain is eased."]


@pytest.mark.parametrize("near", [(0.9, 0.2), (0.2, 0.9)])
def test_a_sentence_that_stands_in_two_passages_is_cited_from_the_better_one(near: tuple[float, float]) -> None:
    passages = [passage_of("Bone pain is eased.", similarities=(value,), rank=n) for n, value in enumerate(near, start=1)]
    (sentence,) = rank("bone pain", *passages)
    assert sentence.passage == near.index(0.9)


def test_every_distinct_sentence_is_ranked_best_first() -> None:
    sentences = rank("What dose at a creatinine clearance of 45?", passage_of(*RENAL_DOSES))
    assert sorted(sentence.text for sentence in sentences) == sorted(RENAL_DOSES)
    assert [sentence.value for sentence in sentences] == sorted((sentence.value for sentence in sentences), reverse=True)


def test_no_passages_give_no_sentences() -> None:
    assert rank("bone pain") == []


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("| Lytic | 2 points |", "Lytic: 2 points"),
        ("| 40–49 mL/min | 3.3 mg |", "40–49 mL/min: 3.3 mg"),
        ("|Lytic|2 points|", "Lytic: 2 points"),
        ("| Lytic | | 2 points |", "Lytic: 2 points"),
        ("| Lytic | 2 points", "Lytic: 2 points"),
        ("| one cell |", "one cell"),
        ("A  sentence\nover two lines.", "A sentence over two lines."),
        ("", ""),
    ],
)
def test_table_rows_are_made_readable(raw: str, text: str) -> None:
    assert readable(raw) == text


def test_a_table_row_is_shown_without_bars() -> None:
    passage = passage_of("| Lytic lesion | 2 points |", "| Blastic lesion | 0 points |")
    assert rank("How many points for a lytic lesion?", passage)[0].text == "Lytic lesion: 2 points"


def test_an_open_bound_that_the_value_misses_counts_against_a_sentence() -> None:
    above = "Zoledronic acid is dosed at 4 mg when creatinine clearance is above 60 mL/min."
    below = "Zoledronic acid is dosed at 4 mg when creatinine clearance is above 40 mL/min."
    question = "What dose of zoledronic acid at a creatinine clearance of 45 mL/min?"
    value = {sentence.text: sentence.value for sentence in rank(question, passage_of(above, below))}
    assert value[below] - value[above] > HOLDS_VALUE_BONUS
