"""The verbatim answer: the right sentence first, both sides of a comparison, nothing twice, every word the library's own.

Passages are made by hand with equal similarities where only one rule is to decide.
"""

import pytest

from rag.pipeline import Pipeline
from rag.quotes import RankedSentence, candidates, choose_sentences, draft, lead_first, merge, rank_sentences, readable, says_the_same
from rag.schema import DraftSentence, Passage, Quote, Verdict
from tests.library import assert_verbatim, passage_of

RENAL_DOSES = (
    "At a creatinine clearance above 60 mL/min the dose of zoledronic acid is 4 mg.",
    "At a creatinine clearance of 50 to 60 mL/min the dose of zoledronic acid is 3.5 mg.",
    "At a creatinine clearance of 40 to 49 mL/min the dose of zoledronic acid is 3.3 mg.",
    "At a creatinine clearance of 30 to 39 mL/min the dose of zoledronic acid is 3.0 mg.",
    "At a creatinine clearance below 30 mL/min zoledronic acid is not recommended.",
)


def rank(question: str, *passages: Passage) -> list[RankedSentence]:
    return rank_sentences(question, passages, rarity=lambda stem: 1.0)


def ranked(*texts: str, values: tuple[float, ...] | None = None) -> list[RankedSentence]:
    """Ranked sentences in this order, each a little below the one before."""
    given = values or tuple(1.0 - 0.01 * place for place in range(len(texts)))
    return [RankedSentence(0, place, text, value) for place, (text, value) in enumerate(zip(texts, given, strict=True))]


def chosen_texts(question: str, sentences: list[RankedSentence], *, max_sentences: int = 4) -> list[str]:
    return [sentence.text for sentence in choose_sentences(question, sentences, max_sentences=max_sentences)]


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


def test_a_more_relevant_passage_goes_before_a_less_relevant_one() -> None:
    low, high = passage_of("Bone pain is treated.", relevance=0.2), passage_of("Bone pain is eased.", relevance=0.9, rank=2)
    assert rank("bone pain", low, high)[0].text == "Bone pain is eased."


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
    assert choose_sentences("bone pain", [], max_sentences=4) == []


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


def test_at_most_the_sentences_asked_for_are_chosen() -> None:
    texts = ["Breast cancer spreads.", "Dexamethasone is given.", "Calcium rises.", "Fractures hurt.", "Surgery helps."]
    assert chosen_texts("bone", ranked(*texts), max_sentences=3) == texts[:3]


def test_a_sentence_far_below_the_best_is_not_chosen() -> None:
    sentences = ranked("Breast cancer spreads.", "Calcium rises.", "Fractures hurt.", values=(1.0, 0.9, 0.4))
    assert chosen_texts("bone", sentences) == ["Breast cancer spreads.", "Calcium rises."]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MRI should be done within 24 hours.", "An MRI should be done within 24 hours."),
        ("MRI should be done within 24 hours.", "Within 24 hours, MRI should be done."),
        ("MRI should be done within 24 hours.", "MRI should be done within 1 day."),
        ("Breast, prostate and lung cancers spread to bone.", "Prostate, lung and breast cancers spread to bone."),
    ],
)
def test_repetition_is_recognised(one: str, other: str) -> None:
    assert says_the_same(one, other)
    assert says_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MRI should be done within 24 hours.", "MRI should be done within 48 hours."),
        ("The dose is 3.3 mg.", "The dose is 3.3 mg at 45 mL/min."),
        ("Lytic lesions score 2 points.", "Mixed lesions score 1 point."),
        ("Calcitonin lowers calcium.", "Surgery follows radiotherapy in some patients."),
    ],
)
def test_sentences_with_other_figures_or_other_words_are_no_repetition(one: str, other: str) -> None:
    assert not says_the_same(one, other)
    assert not says_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("NICE recommends denosumab in breast cancer.", "NICE does not recommend denosumab in breast cancer.", id="negation"),
        pytest.param("A SINS total of at least 7 needs surgery.", "A SINS total below 7 needs surgery.", id="comparator"),
        pytest.param("ESMO recommends a dental check before denosumab.", "ASCO recommends a dental check before denosumab.", id="body"),
        pytest.param(
            "Denosumab is recommended in breast cancer by ESMO.", "Pamidronate is recommended in breast cancer by ESMO.", id="drug"
        ),
    ],
)
def test_sentences_that_contradict_or_name_another_are_no_repetition(one: str, other: str) -> None:
    assert not says_the_same(one, other)


def test_a_sentence_that_only_adds_its_year_is_a_repetition() -> None:
    assert says_the_same("MRI should be done within 24 hours.", "NICE (2023) says that MRI should be done within 24 hours.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "MRI should be done for suspected cord compression.", "CT should be done for suspected cord compression.", id="imaging"
        ),
        pytest.param("Fracture of the femur is common.", "Fracture of the humerus is common.", id="site"),
        pytest.param("Radiotherapy is given for pain after surgery.", "Chemotherapy is given for pain after surgery.", id="treatment"),
        pytest.param("Lytic lesions score 2 points in SINS.", "Blastic lesions score 2 points in SINS.", id="condition"),
        pytest.param("Calcitonin raises serum calcium.", "Calcitonin lowers serum calcium.", id="direction"),
        pytest.param("Dental work is done before denosumab.", "Dental work is done after denosumab.", id="order"),
        pytest.param("Denosumab can be given in renal failure.", "Denosumab can't be given in renal failure.", id="short negation"),
        pytest.param("Radium-223 is for symptomatic disease.", "Radium-223 is for asymptomatic disease.", id="scope"),
    ],
)
@pytest.mark.xfail(
    strict=True, reason="BUG: says_the_same compares drugs, scores and tumours only, and neither direction nor short negations"
)
def test_sentences_that_differ_in_one_decisive_word_are_no_repetition(one: str, other: str) -> None:
    assert not says_the_same(one, other)


def test_nothing_is_chosen_twice() -> None:
    texts = ["MRI should be done within 24 hours.", "An MRI should be done within 24 hours.", "Dexamethasone 16 mg is given."]
    assert chosen_texts("cord compression", ranked(*texts)) == [texts[0], texts[2]]


def offered(sentences: list[RankedSentence], *, max_sentences: int = 10, max_chars: int = 1000) -> list[str]:
    return [sentence.text for sentence in candidates(sentences, max_sentences=max_sentences, max_chars=max_chars)]


def test_candidates_for_the_model_hold_nothing_twice() -> None:
    texts = ["MRI should be done within 24 hours.", "Dexamethasone 16 mg is given.", "An MRI should be done within 24 hours."]
    assert offered(ranked(*texts)) == texts[:2]
    assert offered([]) == []


def test_candidates_for_the_model_keep_both_limits_but_are_two_at_least() -> None:
    texts = ["Breast cancer spreads.", "Dexamethasone is given.", "Calcium rises.", "Fractures hurt."]
    assert offered(ranked(*texts), max_sentences=3) == texts[:3]
    assert offered(ranked(*texts), max_chars=len(" ".join(texts[:3]))) == texts[:3]
    assert offered(ranked(*texts), max_chars=1) == texts[:2]


DENOSUMAB = "Denosumab is an antibody against RANKL."
ZOLEDRONIC = "Zoledronic acid binds to bone mineral."
PAMIDRONATE = "Pamidronate is infused over two hours."
FILLERS = ["Denosumab is injected under the skin.", "Denosumab may lower calcium.", "Denosumab is stopped before dental surgery."]


@pytest.mark.parametrize(
    "question",
    [
        "How do denosumab and zoledronic acid differ?",
        "What is the difference between denosumab and zoledronic acid?",
        "Denosumab or zoledronic acid?",
        "Denosumab versus Zometa",
        "Compare denosumab with zoledronate",
        "Is denosumab better than zoledronic acid?",
    ],
)
def test_a_comparison_shows_both_sides(question: str) -> None:
    sentences = ranked(DENOSUMAB, *FILLERS, ZOLEDRONIC, values=(1.0, 0.99, 0.98, 0.97, 0.1))
    shown = chosen_texts(question, sentences)
    assert shown[0] == DENOSUMAB
    assert ZOLEDRONIC in shown
    assert len(shown) <= 4


def test_a_question_for_one_name_does_not_bring_in_another() -> None:
    sentences = ranked(DENOSUMAB, *FILLERS, ZOLEDRONIC, values=(1.0, 0.99, 0.98, 0.97, 0.1))
    assert ZOLEDRONIC not in chosen_texts("How does denosumab work?", sentences)


def test_a_comparison_adds_nothing_for_a_name_that_no_sentence_holds() -> None:
    assert chosen_texts("How do denosumab and pamidronate differ?", ranked(DENOSUMAB, *FILLERS)) == [DENOSUMAB, *FILLERS]


def test_a_comparison_of_three_shows_all_three_where_there_is_room() -> None:
    sentences = ranked(DENOSUMAB, ZOLEDRONIC, PAMIDRONATE, values=(1.0, 0.1, 0.1))
    assert set(chosen_texts("Compare denosumab, zoledronic acid and pamidronate", sentences)) == {DENOSUMAB, ZOLEDRONIC, PAMIDRONATE}


@pytest.mark.parametrize(
    ("question", "sentences", "max_sentences"),
    [
        pytest.param(
            "Compare denosumab, zoledronic acid and pamidronate",
            ranked(DENOSUMAB, *FILLERS, ZOLEDRONIC, PAMIDRONATE, values=(1.0, 0.99, 0.98, 0.97, 0.1, 0.1)),
            4,
            id="the second name added pushes out the first one added",
        ),
        pytest.param(
            "Compare denosumab with zoledronic acid",
            ranked("Bone pain is eased.", DENOSUMAB, ZOLEDRONIC, values=(1.0, 0.9, 0.1)),
            2,
            id="the only sentence of the other name is pushed out",
        ),
    ],
)
def test_a_full_comparison_keeps_a_sentence_for_each_name(question: str, sentences: list[RankedSentence], max_sentences: int) -> None:
    shown = " ".join(chosen_texts(question, sentences, max_sentences=max_sentences))
    held = " ".join(sentence.text for sentence in sentences)
    assert all(name in shown for name in ("Denosumab", "Zoledronic acid", "Pamidronate") if name in held)


def test_merging_keeps_the_first_quote_first_and_takes_the_models_order_for_the_others() -> None:
    one, two, three, four = ranked("Breast cancer spreads.", "Dexamethasone is given.", "Calcium rises.", "Fractures hurt.")
    assert merge([four, two], [one, two, three, four]) == [one, four, two, three]
    assert merge([three, one], [one, two, three]) == [one, three, two]


def test_merging_adds_one_sentence_that_only_the_model_picked() -> None:
    one, two, three, four = ranked("Breast cancer spreads.", "Dexamethasone is given.", "Calcium rises.", "Fractures hurt.")
    assert merge([three, four], [one, two]) == [one, three, two]


def test_merging_does_not_add_what_repeats_a_quote() -> None:
    quotes = ranked("MRI should be done within 24 hours.", "Dexamethasone 16 mg is given.")
    again = ranked("An MRI should be done within 24 hours.")
    assert merge(again, quotes) == quotes


def test_merging_with_nothing_gives_the_other() -> None:
    sentences = ranked("Breast cancer spreads.", "Dexamethasone is given.")
    assert merge(sentences, []) == sentences
    assert merge([], sentences) == sentences
    assert merge([], []) == []


def lead(text: str, *, supported: bool) -> DraftSentence:
    return DraftSentence(text, "model", Verdict(supported, 0.9 if supported else 0.2, (), "a reason"))


def test_a_lead_goes_before_the_sentences() -> None:
    passage = passage_of("MRI should be done within 24 hours, says NICE.")
    sentences = draft(rank("MRI", passage), [passage])
    first = lead("Yes, urgent imaging is needed.", supported=True)
    assert lead_first(first, sentences) == [first, *sentences]


def test_a_lead_that_repeats_a_sentence_is_left_out() -> None:
    passage = passage_of("MRI should be done within 24 hours.")
    sentences = draft(rank("MRI", passage), [passage])
    assert lead_first(lead("An MRI should be done within 24 hours.", supported=True), sentences) == sentences


def test_an_unsupported_lead_is_kept_so_that_it_is_counted_as_withheld() -> None:
    passage = passage_of("MRI should be done within 24 hours.")
    sentences = draft(rank("MRI", passage), [passage])
    wrong = lead("MRI should be done within 24 hours.", supported=False)
    assert lead_first(wrong, sentences)[0] is wrong


def test_a_draft_quotes_the_exact_words_of_the_passage() -> None:
    passages = [passage_of("First sentence.", "| Lytic | 2 points |"), passage_of("Second  one\nhere.", rank=2)]
    for sentence in draft(rank("points", *passages), passages):
        assert sentence.origin == "library"
        assert sentence.verdict.supported
        assert sentence.verdict.support == 1.0
        (quote,) = sentence.verdict.quotes
        raw = passages[quote.passage].text[quote.span.start : quote.span.end]
        assert readable(raw) == sentence.text
        assert quote in {Quote(place, span) for place, passage in enumerate(passages) for span in passage.sentences}


@pytest.mark.parametrize(
    "question",
    [
        "How fast must an MRI be done for suspected cord compression?",
        "What dose of zoledronic acid at a creatinine clearance of 45?",
        "Is denosumab recommended for breast or prostate cancer?",
        "Which cancers spread to bone?",
        "What SINS total is the signal for a surgical opinion?",
        "Does hypercalcaemia cause thirst and confusion?",
    ],
)
def test_every_sentence_of_a_verbatim_answer_stands_in_its_file(shared_toy: Pipeline, question: str) -> None:
    answer = shared_toy.answer(question)
    assert answer.status == "answered"
    assert_verbatim(answer, shared_toy.settings.corpus_dir)


def test_a_table_row_is_not_shown_beside_the_sentence_that_states_it() -> None:
    """Rows and sentences of the same passage state the same figures; of another passage, the row is news."""
    sentence = RankedSentence(0, 1, "At a creatinine clearance of 40 to 49 mL/min the dose of zoledronic acid is 3.3 mg.", 1.0)
    row = RankedSentence(0, 0, "40–49 mL/min: 3.3 mg of zoledronic acid", 0.95, is_row=True)
    elsewhere = RankedSentence(1, 0, row.text, 0.9, is_row=True)
    assert choose_sentences("dose at 45?", [sentence, row], max_sentences=4) == [sentence]
    assert choose_sentences("dose at 45?", [sentence, elsewhere], max_sentences=4) == [sentence, elsewhere]
