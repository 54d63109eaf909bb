"""Thumbs and comments end in SQLite with the whole answer."""

from pathlib import Path

from playwright.sync_api import Page, expect

from rag.feedback import FeedbackStore
from tests.browser.serving import ask


def entries(folder: Path) -> list[object]:
    return list(FeedbackStore(folder / "feedback.sqlite3").entries())


def test_a_verdict_and_a_comment_are_stored_with_the_whole_answer(page: Page, page_folder: Path) -> None:
    before = len(entries(page_folder))
    ask(page, "Which cancers most often spread to bone?")
    ask(page, "What SINS total needs a surgeon?")
    row = page.locator("#osseous-chat .message-buttons-left").last
    row.locator("button").nth(2).click()  # copy, thumb, flag
    row.locator(".extra-feedback-option", has_text="The sources are wrong").click()
    expect(page.locator("#osseous-feedback-note")).to_contain_text("noted on this machine")
    page.fill("#osseous-comment textarea", "A newer score exists.")
    page.locator("#osseous-comment button").click()
    expect(page.locator("#osseous-feedback-note")).to_contain_text("stored with the answer")
    stored = entries(page_folder)
    assert len(stored) == before + 1
    last = stored[-1]
    assert (last.verdict, last.comment) == ("wrong sources", "A newer score exists.")  # type: ignore[attr-defined]
    assert last.answer["question"] == "What SINS total needs a surgeon?"  # type: ignore[attr-defined]
    assert last.answer["fingerprints"]["corpus"]  # type: ignore[attr-defined]


def test_a_thumb_belongs_to_the_answer_it_stands_under(page: Page, page_folder: Path) -> None:
    ask(page, "Which cancers most often spread to bone?")
    ask(page, "What SINS total needs a surgeon?")
    page.locator("#osseous-chat .message-buttons-left").first.get_by_role("button", name="like").first.click()
    expect(page.locator("#osseous-feedback-note")).to_be_visible()
    last = entries(page_folder)[-1]
    assert last.verdict == "helpful"  # type: ignore[attr-defined]
    assert last.answer["question"] == "Which cancers most often spread to bone?"  # type: ignore[attr-defined]
