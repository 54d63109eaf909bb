"""rag.text: sentences with offsets that lose nothing, tokens in one spelling, stems of the words that carry meaning."""

import random

import pytest

from rag.text import asking_part, collapse, content_stems, split_sentences, stem, stems, tokens, unify_spelling


def sentences(block: str) -> list[str]:
    return [block[span.start : span.end] for span in split_sentences(block)]


def lost(block: str) -> str:
    """Return what is not white space and lies in no sentence."""
    held = {place for span in split_sentences(block) for place in range(span.start, span.end)}
    return "".join(character for place, character in enumerate(block) if place not in held and not character.isspace())


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("Give 4 mg. Check creatinine.", ["Give 4 mg.", "Check creatinine."]),
        ("Was it 8 Gy? Yes! It was.", ["Was it 8 Gy?", "Yes!", "It was."]),
        ("Give 4 mg i.v. over 15 minutes. Then stop.", ["Give 4 mg i.v. over 15 minutes.", "Then stop."]),
        ("Give i.v. 4 mg. Then stop.", ["Give i.v. 4 mg.", "Then stop."]),
        ("Give 120 mg s.c. every 4 weeks. Then stop.", ["Give 120 mg s.c. every 4 weeks.", "Then stop."]),
        ("Give 16 mg p.o. daily. Then stop.", ["Give 16 mg p.o. daily.", "Then stop."]),
        ("Calcium of approx. 3.5 mmol/L is severe. Treat it.", ["Calcium of approx. 3.5 mmol/L is severe.", "Treat it."]),
        ("Wait approx. three days. End.", ["Wait approx. three days.", "End."]),
        ("Give 4 resp. two doses. End.", ["Give 4 resp. two doses.", "End."]),
        ("Two (approx. 3) cases. End.", ["Two (approx. 3) cases.", "End."]),
        ("Give max. 4 mg daily. No more.", ["Give max. 4 mg daily.", "No more."]),
        ("Wait 5 min. Then go.", ["Wait 5 min.", "Then go."]),
        ("Give 4 mg max. Then stop.", ["Give 4 mg max.", "Then stop."]),
        ("Wait min. 3 days. Then go.", ["Wait min. 3 days.", "Then go."]),
        ("Drugs, e.g. zoledronic acid, help. So does rest.", ["Drugs, e.g. zoledronic acid, help.", "So does rest."]),
        ("Bodies, e.g. NICE and ESMO. End.", ["Bodies, e.g. NICE and ESMO.", "End."]),
        ("One drug, i.e. denosumab. End.", ["One drug, i.e. denosumab.", "End."]),
        ("Denosumab vs. zoledronic acid was tested. It won.", ["Denosumab vs. zoledronic acid was tested.", "It won."]),
        ("Bone vs. Soft tissue. End.", ["Bone vs. Soft tissue.", "End."]),
        ("See Fig. 2 for it. It is clear.", ["See Fig. 2 for it.", "It is clear."]),
        ("See Sec. 4 for it. It is clear.", ["See Sec. 4 for it.", "It is clear."]),
        ("Dr. Smith wrote it. Prof. Lee did not.", ["Dr. Smith wrote it.", "Prof. Lee did not."]),
        ("Smith et al. found it. Others did not.", ["Smith et al. found it.", "Others did not."]),
        ("Smith et al. 2019 found it. Others did not.", ["Smith et al. 2019 found it.", "Others did not."]),
        ("Recommendation no. 3 stands. It is strong.", ["Recommendation no. 3 stands.", "It is strong."]),
        ("The ratio was 3.5. The next was 4.2.", ["The ratio was 3.5.", "The next was 4.2."]),
        ("Section 1.5.2 says so. NICE NG234 (2023) agrees.", ["Section 1.5.2 says so.", "NICE NG234 (2023) agrees."]),
        ("Give within 24 h. 8 Gy is enough.", ["Give within 24 h.", "8 Gy is enough."]),
        ("He has T10. L5 is spared.", ["He has T10.", "L5 is spared."]),
        ("The U.S. label says so. It is old.", ["The U.S. label says so.", "It is old."]),
        ("(See Table 2.) Then stop.", ["(See Table 2.)", "Then stop."]),
        ("It is strong (grade A). It is old.", ["It is strong (grade A).", "It is old."]),
        ("See www.nice.org.uk. It is good.", ["See www.nice.org.uk.", "It is good."]),
        ("No full stop", ["No full stop"]),
        ("  One.   Two.  ", ["One.", "Two."]),
        ("Same. Same. Same.", ["Same.", "Same.", "Same."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_splits_running_text_into_sentences(block: str, expected: list[str]) -> None:
    assert sentences(block) == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("See Figs. 2 and 3 for it. End.", ["See Figs. 2 and 3 for it.", "End."]),
        ("See Tab. 2 for it. End.", ["See Tab. 2 for it.", "End."]),
        ("See Sect. 5 for it. End.", ["See Sect. 5 for it.", "End."]),
        ("Wait approx. Three days. End.", ["Wait approx. Three days.", "End."]),
    ],
)
def test_splits_no_sentence_after_other_abbreviations(block: str, expected: list[str]) -> None:
    assert sentences(block) == expected


@pytest.mark.parametrize("block", ["Take vitamin D. Check calcium weekly.", "The evidence is grade B. Denosumab is an option."])
def test_splits_sentences_after_a_single_letter(block: str) -> None:
    assert len(sentences(block)) == 2


def test_a_line_break_within_a_paragraph_ends_no_sentence() -> None:
    assert sentences("Give 4 mg\nover 15 minutes. Check\ncreatinine.") == ["Give 4 mg\nover 15 minutes.", "Check\ncreatinine."]


PIECES = """Give 4 mg.|i.v.|e.g. this|i.e. That|Dr. Who|3.5 mmol/L|1.5.2|NG234.|?|!|...|…|etc.|1)|(i)|2.|-|\n|  |\t|U.S.|et al.|vs.|*|[2].|x@y.org|
—|≥ 7|α.|“Two.”|"Stop." Then|'One.'|(See 1.)|T10.|&|<b>x</b>|No.|a.m.|pp. 3-4|{x}|%|$|\\|Müller|😀""".replace("|\n", "|").split("|")


def test_no_character_is_lost_and_spans_are_in_order_whatever_the_text() -> None:
    chance = random.Random(7)
    for _ in range(1500):
        block = chance.choice((" ", "", "\n")).join(chance.choice(PIECES) for _ in range(chance.randint(1, 9)))
        spans = split_sentences(block)
        assert lost(block) == "", block
        assert all(earlier.end <= later.start for earlier, later in zip(spans, spans[1:], strict=False)), block
        assert all(block[span.start : span.end].strip() == block[span.start : span.end] != "" for span in spans), block


@pytest.mark.parametrize(
    "block",
    [
        "Take ☉ daily. A second sentence of many words stands here.",
        "Dose: 4 mg ȹ daily. A second sentence of many words stands here.",
        "∯ 2. A second sentence of many words.",
        "Give 4 mg. A second sentence of many words? !!",
    ],
)
def test_no_character_is_lost_that_the_splitter_uses_as_a_mark_of_its_own(block: str) -> None:
    assert lost(block) == ""


def test_collapses_white_space() -> None:
    assert collapse("  One\n two\t\u00a0three ") == "One two three"
    assert collapse(" \n ") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hypercalcaemia: 3.5 mmol/L", ["hypercalcemia", "3.5", "mmol/l"]),
        ("NG234 1.5.2", ["ng234", "1.5.2"]),
        ("12-weekly", ["12", "weekly"]),
        ("NICE's advice", ["nice", "advice"]),
        ("NICE’s advice", ["nice", "advice"]),
        ("can’t", ["can't"]),
        ("1,500 patients", ["1,500", "patients"]),
        ("the end.", ["the", "end"]),
        ("5 µg", ["5", "µg"]),
        ("", []),
        ("– … ?", []),
    ],
)
def test_tokens_are_lower_case_in_one_spelling_with_figures_whole(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize("word", ["müller", "naïve", "sjögren", "café"])
def test_a_word_with_an_accent_is_one_token(word: str) -> None:
    assert tokens(word) == [word]


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("hypercalcaemia", "hypercalcemia"),
        ("hypercalcaemic", "hypercalcemic"),
        ("anaemia", "anemia"),
        ("leukaemia", "leukemia"),
        ("haemorrhage", "hemorrhage"),
        ("oedema", "edema"),
        ("oesophagus", "esophagus"),
        ("paediatric", "pediatric"),
        ("orthopaedic", "orthopedic"),
        ("tumours", "tumors"),
        ("favourable", "favorable"),
        ("behaviour", "behavior"),
        ("colour", "color"),
        ("fibre", "fiber"),
        ("centre", "center"),
        ("litre", "liter"),
        ("metre", "meter"),
        ("labelled", "labeled"),
        ("stabilise", "stabilize"),
        ("stabilised", "stabilized"),
        ("stabilises", "stabilizes"),
        ("stabilising", "stabilizing"),
        ("stabilisation", "stabilization"),
        ("metastasised", "metastasized"),
        ("diarrhoea", "diarrhea"),
        ("ischaemia", "ischemia"),
        ("gynaecology", "gynecology"),
        ("sulphate", "sulfate"),
    ],
)
def test_british_and_american_spelling_meet(british: str, american: str) -> None:
    assert unify_spelling(british) == unify_spelling(american)
    assert content_stems(british) == content_stems(american)


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("paralysed", "paralyzed"),
        ("analysed", "analyzed"),
        ("anaesthesia", "anesthesia"),
        ("dyspnoea", "dyspnea"),
        ("aetiology", "etiology"),
        ("neighbouring", "neighboring"),
    ],
)
def test_further_british_and_american_spellings_meet(british: str, american: str) -> None:
    assert content_stems(british) == content_stems(american)


@pytest.mark.parametrize("word", ["disease", "rise", "raised", "increased", "metastasis", "metastases", "analysis", "crisis", "parameter"])
def test_words_that_only_look_british_stay_as_they_are(word: str) -> None:
    assert unify_spelling(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fracture", "fractures"),
        ("compressed", "compression"),
        ("irradiated", "irradiation"),
        ("weekly", "weeks"),
        ("recommends", "recommended"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize("code", ["ng234", "t10", "3.5", "16mg", "1.5.2", "24hourly", "12months"])
def test_figures_and_codes_are_not_stemmed(code: str) -> None:
    assert stem(code) == code


def test_content_stems_leave_out_stop_words_and_single_letters_and_keep_repeats_and_digits() -> None:
    assert content_stems("What is the dose of the dose?") == ["dose", "dose"]
    assert content_stems("a b 4 mg") == ["4", "mg"]
    assert content_stems("Tell me about it, please.") == []


def test_negations_and_comparatives_are_no_stop_words() -> None:
    assert content_stems("not never no without above below less") == ["not", "never", "no", "without", "abov", "below", "less"]


def test_stems_of_several_texts_are_one_set() -> None:
    assert stems(["The tumour", "two tumors"]) == {"the", "tumor", "two"}


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("A man of 60 with an L1 metastasis. What does a SINS of 9 mean?", "What does a SINS of 9 mean?"),
        ("What does a SINS of 9 mean? He is 60 years old. And is surgery needed?", "What does a SINS of 9 mean? And is surgery needed?"),
        ("What does a SINS of 9 mean?", "What does a SINS of 9 mean?"),
        ("What is SINS? What is MSCC?", "What is SINS? What is MSCC?"),
        ("He has pain. He is 60.", "He has pain. He is 60."),
        ("SINS", "SINS"),
        ('He is 60. She asked "why MRI?"', 'She asked "why MRI?"'),
        ("And its dose? (denosumab)", "And its dose? (denosumab)"),
        ("A man of 60. And its dose? (denosumab)", "And its dose? (denosumab)"),
        ("", ""),
    ],
)
def test_of_a_long_case_the_asking_part_is_found(query: str, asked: str) -> None:
    assert asking_part(query) == asked
