"""Numbers, body labels and Markdown of an answer. Whatever a corpus file or a model says is shown as text, never as markup.

The Markdown is rendered with markdown-it, so that a test sees what a reader sees.
"""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from markdown_it import MarkdownIt

from rag.cite import Frame, body_label, build_abstention, build_answer, escape_markdown, speaker, unescape_markdown
from rag.schema import Alert, Answer, DraftSentence, Passage, Quote, Verdict
from tests.library import passage_of, source_of

NICE = passage_of("First of NICE.", "Second of NICE.", publisher="NICE", year=2023, start=100, section="A section")
ASCO = passage_of("First of ASCO.", "Second of ASCO.", publisher="ASCO", jurisdiction="us", year=2020, start=200, rank=2)
PASSAGES = (NICE, ASCO)
ALERT = Alert("cord-compression", "A title", "A message")


def frame(passages: Sequence[Passage] = PASSAGES, **fields: Any) -> Frame:
    given: dict[str, Any] = {"question": "q", "query": "q more", "alerts": (), "fingerprints": {"corpus": "c"}}
    return Frame(passages=tuple(passages), **(given | fields))


def quoted(*places: tuple[int, int], text: str | None = None, passages: Sequence[Passage] = PASSAGES) -> DraftSentence:
    """A library sentence (or a model's, if `text` is given) that rests on the n-th sentence of the p-th passage for each place (p, n)."""
    quotes = tuple(Quote(p, passages[p].sentences[n]) for p, n in places)
    words = text or " ".join(passages[p].sentence(n) for p, n in places)
    return DraftSentence(words, "model" if text else "library", Verdict(True, 0.8, quotes, "a reason"))


def withheld(text: str) -> DraftSentence:
    return DraftSentence(text, "model", Verdict(False, 0.3, (Quote(0, NICE.sentences[0]),), "the figure '5' is not there"))


def rendered(markdown: str) -> str:
    """What a reader sees: the text of the page without its tags."""
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    text = re.sub(r"<[^>]+>", "", html).strip()
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def numbers(answer: Answer) -> list[tuple[int, ...]]:
    return [sentence.citations for sentence in answer.sentences]


def test_numbers_follow_the_order_in_which_the_answer_is_read() -> None:
    answer = build_answer(frame(), [quoted((1, 1)), quoted((0, 0)), quoted((1, 0))], engine="quotes")
    assert numbers(answer) == [(1,), (2,), (3,)]
    assert [citation.quote for citation in answer.citations] == ["Second of ASCO.", "First of ASCO.", "First of NICE."]
    assert [citation.n for citation in answer.citations] == [1, 2, 3]
    assert [int(n) for n in re.findall(r"\[(\d)\]", answer.answer)] == [1, 2, 3]


def test_the_same_words_keep_their_number() -> None:
    answer = build_answer(frame(), [quoted((0, 0), text="A lead."), quoted((0, 0)), quoted((0, 1))], engine="select")
    assert numbers(answer) == [(1,), (1,), (2,)]
    assert len(answer.citations) == 2


def test_a_sentence_that_rests_on_two_places_has_two_numbers() -> None:
    answer = build_answer(frame(), [quoted((0, 0), (1, 1), text="Both.")], engine="compose")
    assert numbers(answer) == [(1, 2)]
    assert answer.answer == "Both. [1][2]"


def test_a_place_named_twice_is_cited_once() -> None:
    answer = build_answer(frame(), [quoted((0, 0), (0, 0), text="Both.")], engine="compose")
    assert numbers(answer) == [(1,)]


def test_a_citation_tells_document_section_and_place_in_the_file() -> None:
    (citation,) = build_answer(frame(), [quoted((0, 1))], engine="quotes").citations
    assert (citation.quote, citation.section, citation.chunk_id, citation.source) == (
        "Second of NICE.",
        "A section",
        NICE.chunk_id,
        NICE.source,
    )
    assert citation.end - citation.start == len(citation.quote)
    assert citation.start == NICE.start + NICE.text.index("Second of NICE.")


def test_a_withheld_sentence_is_counted_but_neither_shown_nor_cited() -> None:
    answer = build_answer(frame(), [withheld("Wrong 5."), quoted((0, 0)), withheld("Wrong 6.")], engine="compose")
    assert [(sentence.text, sentence.verdict) for sentence in answer.sentences] == [
        ("First of NICE.", "supported"),
        ("Wrong 5.", "unsupported"),
        ("Wrong 6.", "unsupported"),
    ]
    assert "Wrong" not in answer.answer
    assert [sentence.citations for sentence in answer.sentences[1:]] == [(), ()]
    assert answer.sentences[1].reason == "the figure '5' is not there"
    assert len(answer.citations) == 1


def test_one_body_speaks_in_one_paragraph() -> None:
    answer = build_answer(frame(), [quoted((0, 0)), quoted((0, 1))], engine="quotes")
    assert answer.answer == "First of NICE. [1] Second of NICE. [2]"


def test_several_bodies_speak_one_line_each_in_order_of_first_use() -> None:
    answer = build_answer(frame(), [quoted((1, 0)), quoted((0, 0)), quoted((1, 1))], engine="quotes")
    assert answer.answer.splitlines() == [
        "- **ASCO (US, 2020):** First of ASCO. [1] Second of ASCO. [2]",
        "- **NICE (UK, 2023):** First of NICE. [3]",
    ]


def test_editions_of_one_body_are_told_apart() -> None:
    older = passage_of("First of 2019.", publisher="NICE", year=2019, rank=3)
    passages = (NICE, older)
    answer = build_answer(frame(passages), [quoted((0, 0)), quoted((1, 0), passages=passages)], engine="quotes")
    assert [line.split(":**")[0] for line in answer.answer.splitlines()] == ["- **NICE (UK, 2023)", "- **NICE (UK, 2019)"]


def test_a_lead_stands_above_the_bodies() -> None:
    answer = build_answer(frame(), [quoted((0, 0), text="The lead."), quoted((0, 0)), quoted((1, 0))], engine="select")
    lead, body = answer.answer.split("\n\n")
    assert lead == "The lead. [1]"
    assert body.count("\n- ") + body.startswith("- ") == 2


def test_an_answer_without_sentences_is_empty() -> None:
    assert build_answer(frame(), [], engine="quotes").answer == ""


def test_an_answer_carries_all_that_was_asked_of_it() -> None:
    asked = frame(alerts=(ALERT,))
    answer = build_answer(asked, [quoted((0, 0))], engine="select", model="m", notice="n", timings_ms={"total": 1.0})
    assert (answer.question, answer.query, answer.status) == ("q", "q more", "answered")
    assert (answer.engine, answer.model, answer.notice, answer.timings_ms) == ("select", "m", "n", {"total": 1.0})
    assert (answer.alerts, answer.passages, answer.fingerprints) == ((ALERT,), PASSAGES, {"corpus": "c"})


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"publisher": "NICE", "jurisdiction": "uk", "year": 2023}, "NICE (UK, 2023)"),
        ({"publisher": "ASCO", "jurisdiction": "us", "year": 2020}, "ASCO (US, 2020)"),
        ({"publisher": "ESMO", "jurisdiction": "europe", "year": 2020}, "ESMO (Europe, 2020)"),
        ({"publisher": "SOSG", "jurisdiction": "international", "year": 2010}, "SOSG (2010)"),
        ({"publisher": "US FDA label", "jurisdiction": "us", "year": None}, "US FDA label (US)"),
        ({"publisher": "Source article", "jurisdiction": "international", "year": None}, "Source article"),
        ({"publisher": "eviQ", "jurisdiction": "australia", "year": 2021}, "eviQ (Australia, 2021)"),
    ],
)
def test_a_body_is_named_with_what_is_known_of_it(fields: dict[str, Any], label: str) -> None:
    assert body_label(source_of(**fields)) == label


@pytest.mark.parametrize(
    ("sentence", "publisher", "says"),
    [
        (
            "The American Urological Association (AUA) also accepts denosumab, in contrast to NICE.",
            "NICE",
            "American Urological Association",
        ),
        ("NICE does not recommend denosumab; the AUA does.", "NICE", "NICE (UK, 2012)"),
        ("In contrast to NICE, the AUA accepts denosumab.", "NICE", "NICE (UK, 2012)"),  # who speaks is in doubt: the document's body
        ("Denosumab is not recommended.", "NICE", "NICE (UK, 2012)"),
        ("ASCO accepts zoledronic acid every 12 weeks.", "ASCO / CCO", "ASCO / CCO (UK, 2012)"),
        ("ASCO and ESMO differ.", "Osseous", "Osseous (UK, 2012)"),  # our own comparisons speak of all
    ],
)
def test_a_sentence_on_another_body_is_not_told_under_the_name_of_its_document(sentence: str, publisher: str, says: str) -> None:
    assert speaker(sentence, source_of(publisher=publisher, jurisdiction="uk", year=2012)) == says


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden -->",
    "&lt;script&gt; & &amp;",
    "[click](javascript:alert(1))",
    "![picture](https://example.org/track.png)",
    "[1] [2]: https://example.org",
    "**bold** _italic_ ~~gone~~ `code` ```fence```",
    "$x^2$ and $$y$$",
    "# Heading",
    "> quotation",
    "- item",
    "+ item",
    "* item",
    "| a | b |",
    "--- | ---",
    "\\*not italic\\* and \\\\ and \\_",
    "back\\slash \\[x\\]",
    "{braces} and <https://example.org>",
    "5 * 3 * 2 = 30 < 31 > 29",
]


@pytest.mark.parametrize("text", [*HOSTILE, "7. Next", "3) Next", "2010. A year at the start.", "-", "+", pytest.param("1.")])
def test_hostile_text_is_shown_as_it_stands(text: str) -> None:
    assert rendered(escape_markdown(text)) == text
    assert rendered("Before: " + escape_markdown(text)) == "Before: " + text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_markup(text: str) -> None:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(escape_markdown(text))
    assert set(re.findall(r"<(/?\w+)", html)) <= {"p", "/p"}
    assert not set("<>") & set(escape_markdown(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_sentences_titles_and_bodies_make_no_markup_in_an_answer(text: str) -> None:
    passages = (passage_of(text, publisher=text, title=text), passage_of("Plain.", publisher="NICE", rank=2))
    answer = build_answer(frame(passages), [quoted((0, 0), passages=passages), quoted((1, 0), passages=passages)], engine="quotes").answer
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(answer)
    assert set(re.findall(r"<(/?\w+)", html)) <= {"p", "/p", "ul", "/ul", "li", "/li", "strong", "/strong"}
    assert html.count("<li>") == 2
    abstention = build_abstention(frame(passages), covered=[], timings_ms={}).answer
    assert set(re.findall(r"<(/?\w+)", MarkdownIt("commonmark").render(abstention))) <= {"p", "/p"}


@pytest.mark.parametrize("text", ["Plain words.", "3.5 mg at 40–49 mL/min (≥ 1 h), µg, 50%.", "It's \"quoted\"; isn't it?", ""])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert escape_markdown(text) == text


def test_brackets_in_a_sentence_are_no_citations() -> None:
    passages = (passage_of("As shown [7], it helps."),)
    answer = build_answer(frame(passages), [quoted((0, 0), passages=passages)], engine="quotes").answer
    assert re.findall(r"(?<!\\)\[(\d+)\]", answer) == ["1"]


def test_an_abstention_names_the_nearest_documents_once_and_what_is_covered() -> None:
    passages = [passage_of("x", title=title, rank=rank) for rank, title in enumerate(["Alpha", "Alpha", "Beta", "Gamma", "Delta"], start=1)]
    answer = build_abstention(frame(passages, alerts=(ALERT,)), covered=["imaging", "doses"], timings_ms={"total": 2.0})
    assert (answer.status, answer.sentences, answer.citations, answer.model) == ("abstained", (), (), None)
    assert "Alpha; Beta; Gamma." in answer.answer
    assert "Delta" not in answer.answer
    assert "imaging, doses" in answer.answer
    assert (answer.alerts, answer.passages, answer.timings_ms) == ((ALERT,), tuple(passages), {"total": 2.0})


def test_an_abstention_without_passages_or_topics_still_says_something() -> None:
    answer = build_abstention(frame([]), covered=[], timings_ms={})
    assert answer.status == "abstained"
    assert answer.answer


@pytest.mark.parametrize(
    "text",
    ["1. A [b] & <c> *d*", "- x", "# y", "| z |", "back\\slash \\* \\\\ &amp; &lt;", "+1", "12) x", "_a_ ~b~ `c`", "https://a/b?c=1&d=2"],
)
def test_what_was_escaped_is_given_back(text: str) -> None:
    assert escape_markdown(text) != text or text.startswith("https")
    assert unescape_markdown(escape_markdown(text)) == text


def test_an_abstention_says_what_is_missing_in_words_that_draw_nothing() -> None:
    answer = build_abstention(frame([]), missing=["price", "pregnancy-timing", "*drug*", "fourth"], covered=[], timings_ms={}).answer
    assert "No passage that was found speaks of price or pregnancy timing or \\*drug\\*." in answer
