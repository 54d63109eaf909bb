"""Access: axe-core finds nothing serious, the keyboard reaches everything, focus is seen, motion is reduced where that is asked for."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import ask
from tests.browser.test_library_tab import open_library

OURS = "#osseous-page"


def first_look(page: Page) -> None:
    expect(page.locator("#osseous-sources")).to_contain_text("documents", timeout=60_000)


def answered(page: Page) -> None:
    ask(page, "my dad has prostate cancer and suddenly can't move his legs")
    page.locator("#osseous-chat a[href*='#source-']").first.click()
    page.locator("#osseous-options button").first.click()
    page.locator("#osseous-take-away button").first.click()
    page.wait_for_timeout(500)


def reading(page: Page) -> None:
    open_library(page)
    page.locator("#osseous-results .osseous-open").first.click()
    expect(page.locator("#osseous-reader h2")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", [first_look, answered, reading])
def test_axe_finds_nothing_serious(chromium: Browser, page_address: str, scheme: str, state: Callable[[Page], None]) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(page_address)
    page.wait_for_selector("#osseous-question textarea")
    state(page)
    violations = Axe().run(page, context=OURS, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"]][:3])
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ]
    context.close()
    assert serious == []


def test_a_question_is_asked_and_its_source_opened_without_a_pointer(page: Page) -> None:
    page.locator("#osseous-question textarea").focus()
    page.keyboard.type("What SINS total needs a surgeon?")
    page.keyboard.press("Enter")
    expect(page.locator("#osseous-chat a[href*='#source-']").first).to_be_visible(timeout=90_000)
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.getAttribute('href') || ''").endswith("#source-0-1"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus is seen"
    page.keyboard.press("Enter")
    expect(page.locator(".osseous-card.is-open .osseous-number")).to_have_text("1")


def test_the_conversation_is_a_live_region_and_numbers_have_names(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("link", name="Source 1", exact=True).first).to_be_visible()


def test_reduced_motion_is_honoured(chromium: Browser, page_address: str) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(page_address)
    page.wait_for_selector("#osseous-question textarea")
    moving = page.evaluate(
        "[...document.querySelectorAll('#osseous-page *')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0.01).length"
    )
    context.close()
    assert moving == 0
