"""What can be taken away: the answer to copy, the conversation and its references as files."""

import io

import rispy
from docx import Document
from playwright.sync_api import Page, expect
from pybtex.database import parse_string

from tests.browser.serving import ask


def open_panel(page: Page) -> None:
    page.locator("#osseous-take-away button").first.click()
    expect(page.locator("#osseous-copy textarea")).to_be_visible()


def download(page: Page, what: str) -> bytes:
    page.locator("#osseous-what input").click()
    page.get_by_role("option", name=what).click()
    with page.expect_download(timeout=20_000) as started:
        page.locator("#osseous-download").click()
    return started.value.path().read_bytes()


def test_nothing_is_offered_before_there_is_an_answer(page: Page) -> None:
    expect(page.locator("#osseous-take-away")).to_be_hidden()


def test_the_last_answer_can_be_copied_with_numbered_references(page: Page) -> None:
    ask(page, "Which cancers most often spread to bone?")
    ask(page, "What SINS total needs a surgeon?")
    open_panel(page)
    text = page.locator("#osseous-copy textarea")
    expect(text).to_have_value(__import__("re").compile(r"7 or more[\s\S]*References[\s\S]*SOSG\. Spinal Instability Neoplastic Score"))
    page.locator("#osseous-format").get_by_label("Plain text").check()
    expect(text).to_have_value(__import__("re").compile(r"surgical opinion\. \[1\]"))


def test_the_conversation_can_be_downloaded_in_four_ways(page: Page) -> None:
    ask(page, "Which cancers most often spread to bone?")
    ask(page, "What SINS total needs a surgeon?")
    open_panel(page)
    markdown = download(page, "Conversation as Markdown").decode()
    assert "What SINS total needs a surgeon?" in markdown
    assert "Which cancers most often spread to bone?" in markdown
    paragraphs = [paragraph.text for paragraph in Document(io.BytesIO(download(page, "Conversation as Word"))).paragraphs]
    assert "What SINS total needs a surgeon?" in paragraphs
    records = rispy.loads(download(page, "References as RIS").decode())
    entries = parse_string(download(page, "References as BibTeX").decode(), "bibtex").entries
    assert any("Spinal Instability Neoplastic Score" in str(record.get("title", record.get("primary_title"))) for record in records)
    assert len(entries) == len(records) >= 2
