"""Cards, lists and documents as HTML: everything from the corpus is escaped, the exact words are marked."""

import re
from dataclasses import replace

import pytest

from page.cards import document_list, document_view, hit_cards, source_cards
from rag.lookup import Hit, Section
from rag.schema import Citation, Span
from tests.library import passage_of, source_of

EVIL = "<script>x</script> \"q\" 'a' &"


def test_a_card_marks_exactly_the_quoted_words() -> None:
    passage = passage_of("Before it.", "The dose is 3.3 mg.", "After it.", start=100)
    citation = Citation(2, passage.chunk_id, passage.source, "Dosing", "The dose is 3.3 mg.", 111, 130)
    html = source_cards(4, [citation], [passage], is_open=True)
    assert "<mark>The dose is 3.3 mg.</mark>" in html
    assert "id='source-4-2'" in html


def test_fields_of_a_document_are_escaped_everywhere() -> None:
    source = source_of(title=EVIL, publisher=EVIL, url=f"https://example.org/{EVIL}")
    passage = replace(passage_of(EVIL), source=source, section=EVIL)
    citation = Citation(1, passage.chunk_id, source, EVIL, EVIL, 0, len(EVIL))
    html = (
        source_cards(0, [citation], [passage], is_open=True)
        + hit_cards([Hit(passage, Span(0, len(EVIL)))])
        + document_list([source])
        + document_view(source, [Section(EVIL, EVIL, 0)], EVIL)
    )
    assert "<script" not in html
    assert not re.search(r"='[^']*'[^ >/]", html), "no attribute is broken open"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", None])
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert "href" not in document_list([source_of(url=url)])
    assert "Original" not in document_view(source_of(url=url), [])


def test_a_document_draws_tables_and_lists_but_no_raw_html_links_or_pictures() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n\n- item\n\n<b>raw</b> [link](https://example.org) ![picture](x.png)"
    html = document_view(source_of(url=None), [Section("Head", text, 0)])
    assert "<table>" in html
    assert "<li>item</li>" in html
    assert not any(f"<{tag}" in html for tag in ("b>", "img", "a href='https", 'a href="https'))


def test_a_superseded_document_names_its_successor() -> None:
    assert "superseded by ng234" in document_list([source_of(status="superseded", superseded_by="ng234")])
    assert "current" in document_list([source_of()])


def test_a_row_of_a_table_reads_as_words() -> None:
    passage = passage_of("| Lytic | 2 points |")
    assert "Lytic 2 points" in hit_cards([Hit(passage, Span(0, 20))])
