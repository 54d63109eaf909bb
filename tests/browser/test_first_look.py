"""The first look: what it is, what can be asked, who answers. No empty boxes."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_page
from tests.browser.serving import CITATION, finished


def test_the_first_look_says_what_it_is_who_answers_and_that_it_is_no_advice(page: Page) -> None:
    expect(page.locator("#osseous-head")).to_contain_text("Ask about bone metastasis")
    expect(page.locator("#osseous-status")).to_contain_text("not medical advice")
    expect(page.locator("#osseous-status")).to_contain_text("verbatim quotations; no language model", timeout=60_000)
    expect(page.locator("#osseous-chat .example")).to_have_count(6)


def test_the_sources_panel_says_what_the_library_holds_before_the_first_answer(page: Page) -> None:
    expect(page.locator("#osseous-sources")).to_contain_text(re.compile(r"holds 9\d documents from \d\d bodies"), timeout=60_000)


def test_an_example_question_is_one_click_and_its_answer_offers_questions_to_ask_next(page: Page) -> None:
    page.locator("#osseous-chat .example").filter(has_text="Which cancers").click()
    finished(page)
    assert page.locator(CITATION).count() >= 1
    following = page.locator("#osseous-chat .options button").first
    question = following.inner_text().strip()
    assert question.endswith("?")
    following.click()
    expect(page.locator("#osseous-chat [data-testid='user']").last).to_have_text(question)
    finished(page)
    assert page.locator("#osseous-chat a[href*='#source-1-']").count() >= 1, "the question that was offered has an answer"


def test_the_page_asks_nothing_of_other_hosts(chromium: Browser, page_address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_address)
    page.wait_for_selector("#osseous-question textarea")
    context.close()
    assert [url for url in asked if not url.startswith((page_address, "data:", "blob:"))] == []


def test_nothing_is_wider_than_a_phone(chromium: Browser, page_address: str) -> None:
    for page in open_page(chromium, page_address, width=390, height=844, phone=True):
        page.locator("#osseous-chat .example").first.click()
        finished(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_link_with_a_question_asks_it(chromium: Browser, page_address: str) -> None:
    for page in open_page(chromium, f"{page_address}/?q=What+SINS+total+needs+a+surgeon%3F"):
        expect(page.locator("#osseous-chat [data-testid='user']")).to_have_text("What SINS total needs a surgeon?")
        expect(finished(page)).to_contain_text("7 or more")
