"""Audience, engine and filters: they reach the answer, and this browser remembers them."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import ANSWER_TIMEOUT_MS, ask
from tests.openai_server import OpenAIServer, words

DIFFERENCE = "How do bisphosphonates and denosumab differ?"


def choose(page: Page, box: str, choice: str) -> None:
    """Choose in a dropdown that filters as one types."""
    field = page.locator(f"{box} input")
    field.click()
    field.fill(choice)
    page.get_by_role("option", name=choice).first.click()


def open_options(page: Page) -> None:
    expect(page.locator("#osseous-status")).not_to_contain_text("Opening the library", timeout=60_000)
    page.locator("#osseous-options button").first.click()
    expect(page.locator("#osseous-kind")).to_be_visible()


def test_a_kind_limits_the_sources_of_an_answer(page: Page) -> None:
    open_options(page)
    choose(page, "#osseous-kind", "Label")
    ask(page, DIFFERENCE)
    facts = page.locator("#osseous-sources .osseous-facts").all_inner_texts()
    assert facts
    assert all("· label ·" in fact for fact in facts)


def test_a_body_limits_the_sources_of_an_answer(page: Page) -> None:
    open_options(page)
    choose(page, "#osseous-body", "ASCO")
    ask(page, "How often is zoledronic acid given?")
    facts = page.locator("#osseous-sources .osseous-facts").all_inner_texts()
    assert facts
    assert all("ASCO" in fact for fact in facts)


def test_filters_that_leave_no_document_say_so(page: Page) -> None:
    open_options(page)
    choose(page, "#osseous-body", "ASCO")
    choose(page, "#osseous-kind", "Label")
    expect(ask(page, DIFFERENCE)).to_contain_text("No document is of this kind")


def test_options_are_remembered_in_this_browser_only(chromium: Browser, page_address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(page_address)
    open_options(page)
    page.locator("#osseous-audience").get_by_label("Clinician").check()
    choose(page, "#osseous-kind", "Label")
    page.reload()
    open_options(page)
    expect(page.locator("#osseous-audience").get_by_label("Clinician")).to_be_checked(timeout=ANSWER_TIMEOUT_MS)
    expect(page.locator("#osseous-kind input")).to_have_value("Label")
    context.close()
    other = chromium.new_context()
    page = other.new_page()
    page.goto(page_address)
    open_options(page)
    expect(page.locator("#osseous-audience").get_by_label("Student")).to_be_checked()
    expect(page.locator("#osseous-kind input")).to_have_value("All kinds")
    other.close()


@pytest.mark.parametrize("audience", ["Student", "Clinician"])
def test_the_model_is_told_for_whom_it_writes(model_page: Page, model: OpenAIServer, audience: str) -> None:
    open_options(model_page)
    model_page.locator("#osseous-audience").get_by_label(audience).check()
    model.replies.append(words("no answer"))
    before = len(model.requests)
    ask(model_page, DIFFERENCE)
    asked = " ".join(str(message["content"]) for message in model.requests[before]["messages"])
    assert audience.lower() in asked.lower()


def test_the_engine_can_be_chosen_where_there_is_more_than_one(model_page: Page, model: OpenAIServer) -> None:
    open_options(model_page)
    model_page.locator("#osseous-engine").get_by_label("Quotations only").check()
    before = len(model.requests)
    expect(ask(model_page, DIFFERENCE)).to_contain_text("Verbatim quotations ·")
    assert len(model.requests) == before, "no model was asked"


def test_no_engine_is_offered_where_there_is_only_one(page: Page) -> None:
    open_options(page)
    expect(page.locator("#osseous-engine")).to_be_hidden()
