"""Numbers open the right card with the exact words marked: by click, by keyboard, on hover, in earlier answers, in twenty answers."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from page.cards import readable
from rag.pipeline import Pipeline
from rag.schema import Answer
from tests.browser.conftest import open_page
from tests.browser.serving import CITATION, ask, finished

QUESTIONS = [
    json.loads(line)["question"]
    for line in (Path(__file__).parents[2] / "evals" / "calibration.jsonl").read_text(encoding="utf-8").splitlines()
    if json.loads(line)["status"] == "answered"
][::8][:20]


def words(text: str) -> str:
    return " ".join(text.split())


def check_every_number(page: Page, place: int, answer: Answer) -> None:
    """Click each number of an answer: its card is open, alone, with its own number and the words of its citation marked."""
    links = page.locator(f"#osseous-chat a[href*='#source-{place}-']")
    assert links.count() == sum(len(sentence.citations) for sentence in answer.sentences)
    quote_of = {citation.n: citation for citation in answer.citations}
    for at in range(links.count()):
        number = int(re.sub(r"\D", "", links.nth(at).inner_text()))
        links.nth(at).click()
        card = page.locator(".osseous-card.is-open")
        expect(card).to_have_count(1)
        expect(card.locator(".osseous-number")).to_have_text(str(number))
        assert words(card.locator("mark").inner_text()) == words(readable(quote_of[number].quote))
        assert words(quote_of[number].source.title) in words(card.locator("h3").text_content() or "")


@pytest.mark.timeout(600)
def test_every_number_of_twenty_answers_opens_the_words_of_the_json(page: Page, real_pipeline: Pipeline) -> None:
    assert len(QUESTIONS) == 20
    history: list[dict[str, str]] = []
    for place, question in enumerate(QUESTIONS):
        answer = real_pipeline.answer(question, history)
        ask(page, question)
        check_every_number(page, place, answer)
        history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer.answer}]


def test_a_card_says_where_its_words_come_from(page: Page) -> None:
    ask(page, "What dose of zoledronic acid at a creatinine clearance of 45?")
    page.locator(CITATION).first.click()
    card = page.locator(".osseous-card.is-open")
    expect(card.locator("mark")).to_contain_text("3.3 mg")
    assert card.locator("mark").evaluate("mark => getComputedStyle(mark).backgroundColor") == "rgb(255, 229, 138)"
    expect(card).to_contain_text("US FDA label · US · year unknown · label · current")
    expect(card).to_contain_text("check the original")
    expect(card).to_contain_text("How is zoledronic acid dosed in renal impairment")
    assert (card.get_by_role("link", name="Original").get_attribute("href") or "").startswith("https://")
    assert card.get_by_role("link", name="Original").get_attribute("rel") == "noopener noreferrer"


def test_numbers_of_an_earlier_answer_still_open_their_cards(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    ask(page, "How fast must an MRI be done when cord compression is suspected?")
    page.locator(CITATION).first.click()
    expect(page.locator(".osseous-card.is-open")).to_contain_text("Spinal Instability Neoplastic Score")


def test_a_number_works_by_keyboard_and_shows_its_words_on_focus(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    page.locator(CITATION).first.focus()
    expect(page.locator("#osseous-peek")).to_contain_text("7 or more")
    page.keyboard.press("Enter")
    expect(page.locator(".osseous-card.is-open mark")).to_contain_text("7 or more")
    assert page.evaluate("document.activeElement.className").split()[0] == "osseous-card", "the keyboard goes on from the card"
    expect(page.locator("#osseous-peek")).to_have_count(0)


def test_hover_shows_the_passage_and_leaves_with_the_pointer(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    page.locator(CITATION).first.hover()
    expect(page.locator("#osseous-peek")).to_contain_text("SOSG")
    page.locator("#osseous-head").hover()
    expect(page.locator("#osseous-peek")).to_have_count(0)


def test_on_a_phone_a_number_leads_to_its_card_and_back(chromium: Browser, page_address: str) -> None:
    for page in open_page(chromium, page_address, width=390, height=844, phone=True):
        ask(page, "What SINS total needs a surgeon?")
        page.locator(CITATION).first.click()
        card = page.locator(".osseous-card.is-open")
        expect(card.locator("mark")).to_be_in_viewport()
        card.get_by_role("button", name="Back to the answer").click()
        expect(page.locator(CITATION).first).to_be_in_viewport()


def test_a_card_opens_its_document_in_the_library_with_the_words_marked(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    page.locator(".osseous-card").first.get_by_role("button", name="Open in the library").click()
    expect(page.locator("#osseous-reader .osseous-document h2")).to_contain_text("Spinal Instability Neoplastic Score")
    expect(page.locator("#osseous-reader mark")).to_contain_text("7 or more")
    expect(page.locator("#osseous-reader mark")).to_be_in_viewport()
    page.get_by_role("tab", name="Ask").click()
    expect(finished(page)).to_contain_text("7 or more")
