"""The page as a person meets it: ask, read, click a number, see the exact words. Real app, real Chromium, real corpus, quotes engine."""

import re

import pytest
from playwright.sync_api import Page, expect

CITATION = "#osseous-chat a[href*='#source-']"
ANSWER_TIMEOUT_MS = 90_000  # the first question waits for the embedding model to be loaded


def ask(page: Page, question: str) -> None:
    """Type a question, send it, and wait until its answer is there."""
    before = page.locator("#osseous-chat [data-testid='bot']").count()
    page.fill("#osseous-question textarea", question)
    page.keyboard.press("Enter")
    answer = page.locator("#osseous-chat [data-testid='bot']").nth(before)
    expect(answer).to_contain_text(re.compile(r"quotes · [\d.]+ s|is expected|please|empty|characters"), timeout=ANSWER_TIMEOUT_MS)


def test_a_citation_number_opens_the_passage_with_the_exact_words_highlighted(page: Page) -> None:
    ask(page, "What dose of zoledronic acid at a creatinine clearance of 45?")
    expect(page.locator("#osseous-chat")).to_contain_text("3.3 mg")
    page.locator(CITATION).first.click()
    card = page.locator(".osseous-card.is-open")
    expect(card).to_have_count(1)
    marked = card.locator("mark")
    expect(marked).to_contain_text("40 to 49 mL/min")
    expect(marked).to_contain_text("3.3 mg")
    assert marked.evaluate("mark => getComputedStyle(mark).backgroundColor") == "rgb(255, 229, 138)"
    expect(card).to_contain_text("US FDA label")


def test_every_number_of_an_answer_opens_its_own_card(page: Page) -> None:
    ask(page, "How do bisphosphonates and denosumab differ?")
    links = page.locator(CITATION)
    assert links.count() >= 3
    for place in range(links.count()):
        number = re.sub(r"\D", "", links.nth(place).inner_text())
        links.nth(place).click()
        expect(page.locator(".osseous-card.is-open .osseous-number")).to_have_text(number)
        words = page.locator(".osseous-card.is-open mark").inner_text()
        assert words in page.locator("#osseous-chat").inner_text()


def test_an_emergency_is_told_above_the_answer_and_is_in_view(page: Page) -> None:
    ask(page, "my dad has prostate cancer and suddenly can't move his legs")
    alert = page.locator("#osseous-chat blockquote").first
    expect(alert).to_contain_text("Possible spinal cord compression")
    first_number = page.locator(CITATION).first
    alert_box, number_box = alert.bounding_box(), first_number.bounding_box()
    assert alert_box is not None
    assert number_box is not None
    assert alert_box["y"] < number_box["y"]
    chat_box = page.locator("#osseous-chat").bounding_box()
    assert chat_box is not None
    assert alert_box["y"] >= chat_box["y"] - 1


def test_numbers_of_an_earlier_answer_still_open_their_cards(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    ask(page, "How fast must an MRI be done when cord compression is suspected?")
    page.locator(CITATION).first.click()
    expect(page.locator(".osseous-card.is-open")).to_contain_text("Spinal Instability Neoplastic Score")


def test_a_question_outside_the_library_is_declined_without_citations(page: Page) -> None:
    ask(page, "What is the dose of paclitaxel in osteosarcoma?")
    expect(page.locator("#osseous-chat")).to_contain_text("The library does not answer this question")
    expect(page.locator(CITATION)).to_have_count(0)


def test_an_example_question_is_one_click(page: Page) -> None:
    page.locator("#osseous-examples button").filter(has_text="Which cancers").click()
    expect(page.locator("#osseous-chat")).to_contain_text("quotes ·", timeout=ANSWER_TIMEOUT_MS)
    assert page.locator(CITATION).count() >= 1


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("🦴🦴🦴", "holds no words"),
        ("x" * 100_000, "at most 2,000 are read"),
        ("<script>document.title='owned'</script><style>body{display:none}</style><img src=x onerror=\"document.title='owned'\">", ""),
        ("骨转移最常见的癌症是什么？", ""),
    ],
    ids=["only emoji", "100,000 characters", "HTML and script", "another script"],
)
def test_bad_input_gets_a_polite_reply_and_runs_nothing(page: Page, question: str, reply: str) -> None:
    ask(page, question)
    expect(page.locator("#osseous-chat [data-testid='bot']").last).to_contain_text(reply)
    assert page.title() == "Osseous"
    assert page.locator("body").evaluate("body => getComputedStyle(body).display") != "none"
    assert page.locator(":is([data-testid='user'], [data-testid='bot']) :is(script, style, img)").count() == 0


def test_the_page_asks_nothing_of_other_hosts(chromium, page_address: str) -> None:  # type: ignore[no-untyped-def]
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_address)
    page.wait_for_selector("#osseous-question textarea")
    context.close()
    assert [url for url in asked if not url.startswith((page_address, "data:", "blob:"))] == []
