"""The library tab: search as you type, filters, documents to read, an address of its own."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_page
from tests.browser.test_options import choose

SEARCH = "#osseous-search :is(textarea, input)"


def open_library(page: Page) -> None:
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#osseous-results .osseous-list")).to_be_visible(timeout=60_000)


def test_all_documents_are_listed_until_something_is_searched(page: Page) -> None:
    open_library(page)
    expect(page.locator("#osseous-results .osseous-open")).to_have_count(92)


def test_results_come_while_typing_and_show_the_sentence_with_the_figure_first(page: Page) -> None:
    open_library(page)
    page.locator(SEARCH).press_sequentially("zoledronic acid clearance 45", delay=30)
    first = page.locator(".osseous-hit").first
    expect(first.locator(".osseous-sentence")).to_contain_text("3.3 mg")
    expect(first).to_contain_text(re.compile(r"US FDA label · US · .* · label · current"))
    page.fill(SEARCH, "")
    expect(page.locator("#osseous-results .osseous-open")).to_have_count(92)


def test_filters_limit_results_and_list(page: Page) -> None:
    open_library(page)
    choose(page, "#osseous-library-kind", "Score")
    expect(page.locator("#osseous-results .osseous-open")).to_have_count(7)
    page.locator(SEARCH).press_sequentially("spine", delay=30)
    expect(page.locator(".osseous-hit").first).to_be_visible()
    assert all("· score ·" in fact for fact in page.locator(".osseous-hit .osseous-facts").all_inner_texts())


def test_a_document_opens_with_its_sections_status_and_original(page: Page) -> None:
    open_library(page)
    page.locator("#osseous-results .osseous-open", has_text="Denosumab 120 mg (Xgeva)").first.click()
    document = page.locator("#osseous-reader .osseous-document")
    expect(document.locator("h2")).to_contain_text("Denosumab 120 mg")
    expect(document).to_contain_text("US FDA label · US · 2025 · label · current")
    expect(document.get_by_role("link", name="Original")).to_be_visible()
    document.locator("summary").click()
    link = document.locator(".osseous-contents a").last
    heading = link.inner_text()
    link.click()
    expect(document.locator("h3", has_text=heading).last).to_be_in_viewport()


def test_a_superseded_document_says_by_which(page: Page) -> None:
    open_library(page)
    assert page.locator("#osseous-results .osseous-superseded").count() >= 1
    expect(page.locator("#osseous-results .osseous-superseded").first).to_contain_text("superseded")


def test_a_table_of_a_document_is_a_table(page: Page) -> None:
    open_library(page)
    page.locator("#osseous-results .osseous-open", has_text="Revised Tokuhashi").first.click()
    expect(page.locator("#osseous-reader table th").first).to_contain_text("General condition")
    expect(page.locator("#osseous-reader table td").first).to_have_text("10-40%")


def test_the_library_has_an_address_of_its_own(chromium: Browser, page_address: str) -> None:
    for page in open_page(chromium, f"{page_address}/?tab=library&q=calcitonin"):
        expect(page.locator(".osseous-hit").first).to_contain_text(re.compile("calcitonin", re.IGNORECASE), timeout=60_000)
        expect(page.locator(SEARCH)).to_have_value("calcitonin")
        expect(page.locator("#osseous-chat [data-testid='user']")).to_have_count(0)


def test_a_search_without_a_match_says_what_to_do(page: Page) -> None:
    open_library(page)
    page.locator(SEARCH).press_sequentially("🦴🦴", delay=30)
    expect(page.locator("#osseous-results")).to_contain_text("holds no words")
