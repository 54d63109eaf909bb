"""What is taken away: order, numbers, and that no word of corpus, model or person acts as markup or breaks a file.

Markdown is rendered with markdown-it and DOCX read with python-docx, so that a test sees what a reader sees.
"""

import io
import re
from datetime import date
from typing import Any

import docx
import pytest
from markdown_it import MarkdownIt

from rag.parse_docx import read_docx
from rag.schema import Alert, Answer, Citation, Sentence
from rag.transcript import Turn, answer_text, conversation_docx, conversation_text
from tests.library import source_of

DAY = date(2026, 11, 26)
ALERT = Alert("cord-compression", "Possible cord compression – an emergency", "Go now.")
HOSTILE = [
    "<script>alert(1)</script>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "# heading",
    "1. list\n\n- list\n> quotation",
    "**bold** _it_ `code` ~~no~~",
    "[1]: https://evil.example",
    "| a | b |\n| --- | --- |",
    "&lt;b&gt; &copy; \\*",
    "علاج السرطان 🦴 骨",
]
CONTROL = "a\x00b\x0bc\x1b[31md\x85e\ud83df\ufffeg"


def cite(n: int, quote: str = "Quoted words.", section: str = "A section", **source: Any) -> Citation:
    return Citation(n, f"chunk-{n}", source_of(**source), section, quote, 0, len(quote))


def say(text: str, *numbers: int, origin: Any = "library", verdict: Any = "supported") -> Sentence:
    return Sentence(text, origin, numbers, verdict, 1.0)


def answer_of(**fields: Any) -> Answer:
    given: dict[str, Any] = {
        "question": "q", "query": "q", "status": "answered", "answer": "First. [1]", "sentences": (say("First.", 1),), "citations": (cite(1),),
    } | fields  # fmt: skip
    return Answer(**given)


def everywhere(words: str) -> list[Turn]:
    """A turn that holds the words in every place that corpus, model or person may fill."""
    source = {"title": words, "publisher": words, "jurisdiction": words, "doi": words, "status": "superseded", "superseded_by": words}
    answered = answer_of(
        sentences=(say(words, 1, origin="model"), say(words, 1), say(words, 2)),
        citations=(cite(1, words, words, **source), cite(2, words, words, **(source | {"publisher": "Other"}))),
        notice=words,
        model=words,
    )
    return [Turn(words, answered)]


def text_of(markdown: str) -> str:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    bare = re.sub(r"<[^>]*>", "", html)
    for entity, character in {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}.items():
        bare = bare.replace(entity, character)
    return " ".join(bare.split())


def test_plain_text_word_for_word() -> None:
    answer = answer_of(
        sentences=(say("Lead.", 1, origin="model"), say("First.", 1, 2)),
        citations=(cite(1, url="https://example.org/a"), cite(2, "Other words.", checked="secondary", url=None)),
        alerts=(ALERT,),
        notice="Shown are quotations.",
        engine="select",
        model="small",
    )
    assert answer_text(answer, DAY, markup="plain") == (
        "!! Possible cord compression – an emergency: Go now.\n\n"
        "Lead. [1]\n\n"
        "First. [1][2]\n\n"
        "Note: Shown are quotations.\n\n"
        "References\n\n"
        "[1] A body. A title [Internet]. 2020 [cited 2026 Nov 26]. Available from: https://example.org/a.\n"
        "    Section: A section\n"
        "    In the library: “Quoted words.”\n"
        "[2] A body. A title. 2020.\n"
        "    Section: A section\n"
        "    In the library: “Other words.”\n"
        "    The library's text was written from summaries; check the original.\n\n"
        "– A reference tool, not medical advice. Made by Osseous (engine select, model small) on 2026-11-26.\n"
    )


def test_markdown_word_for_word() -> None:
    answer = answer_of(alerts=(ALERT,), citations=(cite(1, url="https://example.org/a_b*c"),))
    assert answer_text(answer, DAY, markup="markdown") == (
        "> **Possible cord compression – an emergency:** Go now.\n\n"
        "First. \\[1\\]\n\n"
        "### References\n\n"
        "- \\[1\\] A body. A title \\[Internet\\]. 2020 \\[cited 2026 Nov 26\\]. Available from: <https://example.org/a_b*c>.\\\n"
        "  **Section:** A section\\\n"
        "  **In the library:** “Quoted words.”\n\n"
        "*A reference tool, not medical advice. Made by Osseous (engine quotes, no language model) on 2026-11-26.*\n"
    )


def test_several_bodies_stand_one_a_line_as_on_the_page() -> None:
    answer = answer_of(
        sentences=(say("One.", 1), say("Two.", 2)), citations=(cite(1, publisher="NICE"), cite(2, publisher="ASCO", jurisdiction="us"))
    )
    plain = answer_text(answer, DAY, markup="plain")
    assert plain.startswith("- NICE (UK, 2020): One. [1]\n- ASCO (US, 2020): Two. [2]\n\nReferences")
    html = MarkdownIt("commonmark").render(answer_text(answer, DAY, markup="markdown"))
    assert "<li><strong>NICE (UK, 2020):</strong> One. [1]</li>" in html


def test_every_number_is_listed_also_those_of_one_document() -> None:
    answer = answer_of(sentences=(say("First.", 1, 2, 3),), citations=tuple(cite(n, f"Words {n}.") for n in (1, 2, 3)))
    plain = answer_text(answer, DAY, markup="plain")
    references = plain[plain.index("References") :]
    assert re.findall(r"^\[(\d)\] A body", references, re.MULTILINE) == ["1", "2", "3"]
    assert re.findall(r"“Words (\d)\.”", references) == ["1", "2", "3"]


def test_a_withheld_sentence_stays_withheld() -> None:
    answer = answer_of(sentences=(say("First.", 1), say("Invented.", verdict="unsupported", origin="model")))
    turns = [Turn("q", answer)]
    for text in (conversation_text(turns, DAY, markup="plain"), conversation_text(turns, DAY, markup="markdown"), docx_text(turns)):
        assert "First." in text
        assert "Invented" not in text


def test_an_answer_that_declines_is_its_message_without_markup() -> None:
    declined = answer_of(
        status="abstained", answer="The library does not answer. Nearest: A \\[b\\] &amp; &lt;c&gt;.", sentences=(), citations=()
    )
    plain = answer_text(declined, DAY, markup="plain")
    assert plain.startswith("The library does not answer. Nearest: A [b] & <c>.\n\n– A reference tool")
    assert "References" not in plain
    assert text_of(answer_text(declined, DAY, markup="markdown")).startswith(
        "The library does not answer. Nearest: A [b] & <c>. A reference"
    )


def test_each_question_is_a_heading_and_each_answer_has_its_own_numbers() -> None:
    turns = [Turn("What is SINS?", answer_of()), Turn("And\nMirels?", answer_of(sentences=(say("Second.", 1),)))]
    plain = conversation_text(turns, DAY, markup="plain")
    assert plain.startswith("Osseous: questions and answers of 2026-11-26\n" + "=" * 44 + "\n\nWhat is SINS?\n-------------\n\nFirst. [1]")
    assert plain.count("[1] A body") == plain.count("not medical advice") == 2
    html = MarkdownIt("commonmark").render(conversation_text(turns, DAY, markup="markdown"))
    assert re.findall("<h2>(.*)</h2>", html) == ["What is SINS?", "And Mirels?"]
    assert html.count("<h3>References</h3>") == 2


def test_no_turn_leaves_the_title() -> None:
    assert conversation_text([], DAY, markup="markdown") == "# Osseous: questions and answers of 2026-11-26\n"
    assert docx_text([]) == "Osseous: questions and answers of 2026-11-26"


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_others_are_shown_in_markdown_and_do_nothing(words: str) -> None:
    markdown = conversation_text(everywhere(words), DAY, markup="markdown")
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    allowed = {"h1", "h2", "h3", "p", "ul", "li", "strong", "em", "br", "a"}
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= allowed
    assert set(re.findall(r'href="([^"]*)"', html)) == {"https://example.org/doc"}
    assert (html.count("<h1>"), html.count("<h2>"), html.count("<h3>"), html.count("<em>")) == (1, 1, 1, 1)
    assert text_of(markdown).count(" ".join(words.split())) >= 9


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.example/> **b**", "file:///etc/passwd", "data:text/html,x", "not a link"]
)
def test_only_an_address_of_the_web_becomes_a_link(url: str) -> None:
    turns = [Turn("q", answer_of(citations=(cite(1, url=url),)))]
    html = MarkdownIt("commonmark").render(conversation_text(turns, DAY, markup="markdown"))
    links = [link.url for paragraph in read(turns).paragraphs for link in paragraph.hyperlinks]
    assert all(link.startswith("https://x.example/%3E") for link in [*re.findall(r'href="([^"]*)"', html), *links])
    assert "<strong>b" not in html


@pytest.mark.parametrize("markup", ["plain", "markdown"])
def test_control_characters_reach_no_text(markup: Any) -> None:
    text = conversation_text(everywhere(CONTROL), DAY, markup=markup)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe]", text)
    assert text.encode("utf-8")


def read(turns: list[Turn]) -> Any:
    return docx.Document(io.BytesIO(conversation_docx(turns, DAY)))


def docx_text(turns: list[Turn]) -> str:
    return "\n".join(paragraph.text for paragraph in read(turns).paragraphs)


def test_the_word_document_has_real_headings_lists_and_links() -> None:
    answer = answer_of(
        sentences=(say("One.", 1), say("Two.", 2)),
        citations=(cite(1, publisher="NICE", url="https://example.org/a?b=1&c=2"), cite(2, publisher="ASCO", url=None)),
        alerts=(ALERT,),
    )
    document = read([Turn("What is SINS?", answer)])
    assert [(paragraph.style.name, paragraph.text.split(".")[0]) for paragraph in document.paragraphs] == [
        ("Title", "Osseous: questions and answers of 2026-11-26"),
        ("Heading 1", "What is SINS?"),
        ("Intense Quote", "Possible cord compression – an emergency: Go now"),
        ("List Bullet", "NICE (UK, 2020): One"),
        ("List Bullet", "ASCO (UK, 2020): Two"),
        ("Heading 2", "References"),
        ("List", "[1] NICE"),
        ("List Continue", "Section: A section"),
        ("List Continue", "In the library: “Quoted words"),
        ("List", "[2] ASCO"),
        ("List Continue", "Section: A section"),
        ("List Continue", "In the library: “Quoted words"),
        ("Caption", "A reference tool, not medical advice"),
    ]
    links = [(link.text, link.url) for paragraph in document.paragraphs for link in paragraph.hyperlinks]
    assert links == [("https://example.org/a?b=1&c=2", "https://example.org/a?b=1&c=2")]
    assert document.tables == []
    reference = next(paragraph.text for paragraph in document.paragraphs if paragraph.text.startswith("[1]"))
    assert reference.endswith("Available from: https://example.org/a?b=1&c=2.")


def test_the_word_document_says_what_it_is_and_when_it_was_made() -> None:
    properties = read([Turn("q", answer_of())]).core_properties
    assert (properties.title, properties.author, properties.comments) == ("Osseous: questions and answers of 2026-11-26", "Osseous", "")
    assert properties.created.date() == DAY


@pytest.mark.parametrize("words", [*HOSTILE, CONTROL, "\u202eabc\u202c", "x" * 5000])
def test_the_word_document_holds_any_words(words: str) -> None:
    text = docx_text(everywhere(words))
    shown = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe]", " ", words).split())
    assert text.count(shown) >= 9


def test_our_own_reader_opens_the_word_document() -> None:
    text, title = read_docx(conversation_docx([Turn("What is SINS?", answer_of())], DAY))
    assert "## What is SINS?" in text
    assert title == "Osseous: questions and answers of 2026-11-26"
