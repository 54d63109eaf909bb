"""Bad input, from a person, a document or a model: nothing runs, nothing overflows, a polite reply."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_page
from tests.browser.hostile import LONG_TITLE, RIGHT_TO_LEFT, SCRIPT
from tests.browser.serving import CITATION, ask
from tests.openai_server import OpenAIServer, words

MADE_HERE = ":is(#osseous-chat [data-testid], #osseous-sources, #osseous-results, #osseous-reader)"


def assert_nothing_ran(page: Page, width: int = 1280) -> None:
    assert page.title() == "Osseous"
    assert page.locator("body").evaluate("body => getComputedStyle(body).display") != "none"
    assert page.locator(f"{MADE_HERE} :is(script, style, img, iframe, object)").count() == 0
    assert page.locator(f"{MADE_HERE} [onerror], {MADE_HERE} [onmouseover], {MADE_HERE} a[href^='javascript']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("🦴🦴🦴", "holds no words"),
        ("x" * 100_000, "at most 2,000 are read"),
        (SCRIPT, ""),
        (f"bone pain {SCRIPT} # heading\n\n| a | b |\n|---|---|\n> quote ```code``` [x](javascript:alert(1))", ""),
        ("骨转移最常见的癌症是什么？", ""),
        (f"{RIGHT_TO_LEFT}؟", ""),
    ],
    ids=["only emoji", "100,000 characters", "HTML and script", "Markdown", "another script", "right to left"],
)
def test_a_hostile_question_gets_a_polite_reply_and_runs_nothing(page: Page, question: str, reply: str) -> None:
    expect(ask(page, question)).to_contain_text(reply)
    assert_nothing_ran(page)
    assert page.locator("#osseous-chat [data-testid='user'] :is(h1, table, blockquote, code, a)").count() == 0, "a question is text"


def test_markup_of_a_document_is_shown_as_text_everywhere(chromium: Browser, hostile_address: str) -> None:
    for page in open_page(chromium, hostile_address):
        expect(ask(page, "How fast does calcitonin lower calcium?")).to_contain_text("within 6 hours <script>")
        page.locator(CITATION).first.click()
        expect(page.locator(".osseous-card.is-open h3")).to_contain_text("<script>")
        assert_nothing_ran(page)
        page.locator(".osseous-card").first.get_by_role("button", name="Open in the library").click()
        expect(page.locator("#osseous-reader h2")).to_contain_text("<style>")
        assert_nothing_ran(page)
        page.fill("#osseous-search :is(textarea, input)", "calcitonin")
        expect(page.locator(".osseous-hit").first).to_contain_text("Calcitonin")
        assert_nothing_ran(page)


@pytest.mark.parametrize(("width", "phone"), [(1280, False), (390, True)])
def test_a_title_of_300_characters_and_endless_words_stay_in_their_box(
    chromium: Browser, hostile_address: str, width: int, phone: bool
) -> None:
    for page in open_page(chromium, hostile_address, width=width, phone=phone):
        ask(page, "Is osteonecrosis of the jaw rare with pamidronate?")
        assert (page.locator(".osseous-card h3", has_text=LONG_TITLE[:40]).first.text_content() or "").count("Zoledronic") >= 9
        assert_nothing_ran(page, width)
        box, card = page.locator("#osseous-sources").bounding_box(), page.locator(".osseous-card").first.bounding_box()
        assert box is not None
        assert card is not None
        assert card["x"] + card["width"] <= box["x"] + box["width"] + 1


def test_right_to_left_words_keep_their_direction(chromium: Browser, hostile_address: str) -> None:
    for page in open_page(chromium, hostile_address):
        answer = ask(page, "What dose of radiotherapy relieves pain?")
        expect(answer).to_contain_text(RIGHT_TO_LEFT)
        assert answer.locator("li, p").first.evaluate("line => getComputedStyle(line).unicodeBidi") == "plaintext"


def test_ten_citations_of_ten_bodies_all_work(chromium: Browser, hostile_address: str) -> None:
    for page in open_page(chromium, hostile_address):
        ask(page, "What is the renal dose by creatinine clearance?")
        links = page.locator(CITATION)
        assert links.count() >= 8
        for at in range(links.count()):
            links.nth(at).click()
            expect(page.locator(".osseous-card.is-open .osseous-number")).to_have_text(links.nth(at).inner_text().strip("[]"))


def test_markup_of_a_model_is_text(model_page: Page, model: OpenAIServer) -> None:
    right = "MRI should be done within 24 hours when metastatic spinal cord compression is suspected"
    model.replies.append(words(f"{right} {SCRIPT}.\n{right}.\n"))
    ask(model_page, "How fast must an MRI be done when cord compression is suspected?")
    assert_nothing_ran(model_page)
