"""While an answer is made: alert first, quotes at once, the model's checked sentences after them, stop, withheld sentences, several people."""

import threading

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_page
from tests.browser.serving import ANSWER_TIMEOUT_MS, CITATION, ask, finished
from tests.openai_server import OpenAIServer, Reply, words

MRI = "How fast must an MRI be done when cord compression is suspected?"
RIGHT = "MRI should be done within 24 hours when metastatic spinal cord compression is suspected."
WRONG = "MRI should be done within 72 hours when metastatic spinal cord compression is suspected."


def test_an_emergency_is_told_above_the_answer_and_is_in_view(page: Page) -> None:
    ask(page, "my dad has prostate cancer and suddenly can't move his legs")
    alert = page.locator("#osseous-chat blockquote").first
    expect(alert).to_contain_text("Possible spinal cord compression")
    expect(alert).to_be_in_viewport()
    alert_box, number_box = alert.bounding_box(), page.locator(CITATION).first.bounding_box()
    assert alert_box is not None
    assert number_box is not None
    assert alert_box["y"] < number_box["y"]


def test_a_question_outside_the_library_is_declined_without_citations(page: Page) -> None:
    answer = ask(page, "What is the dose of paclitaxel in osteosarcoma?")
    expect(answer).to_contain_text("The library does not answer this question")
    expect(page.locator(CITATION)).to_have_count(0)
    expect(page.locator("#osseous-sources")).to_contain_text("cites nothing")


def test_quotes_are_there_while_the_model_writes_and_its_sentences_replace_them(model_page: Page, model: OpenAIServer) -> None:
    hold = threading.Event()
    model.replies.append(words(f"{RIGHT}\n", hold=hold, hold_after=0))
    model_page.fill("#osseous-question textarea", MRI)
    model_page.keyboard.press("Enter")
    message = model_page.locator("#osseous-chat [data-testid='bot']").first
    expect(message).to_contain_text("24 hours", timeout=ANSWER_TIMEOUT_MS)
    expect(message).to_contain_text("The language model reads the passages")
    expect(message).not_to_contain_text(RIGHT)
    hold.set()
    expect(finished(model_page)).to_contain_text(RIGHT)
    expect(message).to_contain_text("Worded by the model, each sentence checked · scripted")


def test_the_sentences_that_were_withheld_are_told_on_demand_with_the_reason(model_page: Page, model: OpenAIServer) -> None:
    model.replies.append(words(f"{RIGHT}\n{WRONG}\n"))
    answer = ask(model_page, MRI)
    expect(answer).not_to_contain_text("72 hours")
    title = model_page.get_by_text("1 sentence of the model withheld")
    expect(title).to_be_visible()
    told = model_page.locator("#osseous-chat").get_by_text("72 hours")
    expect(told).to_be_hidden()
    title.click()
    expect(told).to_be_visible()


def test_stop_ends_the_models_work_and_what_was_checked_stays(model_page: Page, model: OpenAIServer) -> None:
    hold = threading.Event()
    model.left.clear()
    model.replies.append(Reply(pieces=(f"{RIGHT}\n", *(f"Word {n} " for n in range(2000))), hold=hold, hold_after=1))
    model_page.fill("#osseous-question textarea", MRI)
    model_page.keyboard.press("Enter")
    message = model_page.locator("#osseous-chat [data-testid='bot']").first
    expect(message).to_contain_text("Writing and checking sentence 2", timeout=ANSWER_TIMEOUT_MS)
    model_page.locator("#osseous-question button", has_text="Stop").click()
    expect(message).to_contain_text("Stopped.", timeout=5_000)
    expect(message).to_contain_text(RIGHT)
    hold.set()
    assert model.left.wait(10), "the connection is closed, so that the server ends its work"
    finished(model_page)
    model.replies.append(words(f"{RIGHT}\n"))
    expect(ask(model_page, MRI)).to_contain_text(RIGHT)


def test_what_is_typed_while_an_answer_comes_stays_and_what_was_asked_is_cleared(model_page: Page, model: OpenAIServer) -> None:
    hold = threading.Event()
    model.replies.append(words(f"{RIGHT}\n", hold=hold, hold_after=0))
    box = model_page.locator("#osseous-question textarea")
    box.fill(MRI)
    model_page.keyboard.press("Enter")
    expect(model_page.locator("#osseous-chat")).to_contain_text("reads the passages", timeout=ANSWER_TIMEOUT_MS)
    expect(box).to_have_value("")
    box.fill("And which steroid?")
    hold.set()
    finished(model_page)
    expect(box).to_have_value("And which steroid?")


def test_a_second_person_is_answered_while_the_model_works_for_the_first(
    chromium: Browser, model_address: str, model_page: Page, model: OpenAIServer
) -> None:
    hold = threading.Event()
    model.replies.append(words(f"{RIGHT}\n", hold=hold, hold_after=0))
    model_page.fill("#osseous-question textarea", MRI)
    model_page.keyboard.press("Enter")
    expect(model_page.locator("#osseous-chat")).to_contain_text("reads the passages", timeout=ANSWER_TIMEOUT_MS)
    model.replies.append(words("no answer"))
    for second in open_page(chromium, model_address):
        expect(ask(second, "What SINS total needs a surgeon?")).to_contain_text("7 or more")
    hold.set()
    finished(model_page)


def test_a_model_that_fails_leaves_the_quotes_and_one_sentence(model_page: Page, model: OpenAIServer) -> None:
    model.replies.append(Reply(status=500))
    answer = ask(model_page, MRI)
    expect(answer).to_contain_text("24 hours")
    expect(answer).to_contain_text("Shown are verbatim quotations: the language model scripted failed")
    assert model_page.locator(CITATION).count() >= 1


def test_numbers_keep_their_place_and_nothing_jumps_while_sentences_arrive(model_page: Page, model: OpenAIServer) -> None:
    model_page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries())
        if (!entry.hadRecentInput) window.shift += entry.value; }).observe({ type: 'layout-shift' }); }"""
    )
    second = "Treatment should start within 24 hours when metastatic spinal cord compression is confirmed."
    model.replies.append(words(f"{RIGHT}\n{second}\n"))
    ask(model_page, MRI)
    assert model_page.evaluate("window.shift") < 0.1, "layout shift as browsers count it; below 0.1 is good"
    numbers = model_page.locator(CITATION).all_inner_texts()
    assert [int(number.strip("[]")) for number in numbers] == sorted(int(number.strip("[]")) for number in numbers)
