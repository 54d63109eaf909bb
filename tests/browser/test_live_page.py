"""The page with the real local model, which answers one question at a time: the place in the line, and a stop that makes room. `make test-live`."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from rag.pipeline import Pipeline
from tests.browser.conftest import open_page
from tests.browser.serving import finished, serve
from tests.conftest import TEST_INDEX_DIR

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
MODEL_TIMEOUT_MS = 120_000


@pytest.fixture(scope="module")
def local_address(chromium: Browser, real_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert real_pipeline.index.n_chunks
    with serve(tmp_path_factory.mktemp("local-page"), INDEX_DIR=str(TEST_INDEX_DIR), LLM="local") as address:
        yield address


def send(page: Page, question: str) -> None:
    expect(page.locator("#osseous-status")).to_contain_text("chosen by", timeout=MODEL_TIMEOUT_MS)
    page.fill("#osseous-question textarea", question)
    page.keyboard.press("Enter")


def test_a_second_person_has_quotes_at_once_and_learns_how_many_are_before(chromium: Browser, local_address: str) -> None:
    for first in open_page(chromium, local_address):
        for second in open_page(chromium, local_address):
            send(first, "How fast must an MRI be done when cord compression is suspected?")
            expect(first.locator("#osseous-chat")).to_contain_text("chooses among the sentences", timeout=MODEL_TIMEOUT_MS)
            send(second, "What SINS total needs a surgeon?")
            chat = second.locator("#osseous-chat")
            expect(chat).to_contain_text("The language model answers one question before this one")
            expect(chat).to_contain_text("7 or more")
            first.locator("#osseous-question button", has_text="Stop").click()
            expect(first.locator("#osseous-chat")).to_contain_text("Stopped.")
            expect(chat).to_contain_text("chooses among the sentences")
            expect(finished(second)).to_contain_text("7 or more")
            expect(chat).to_contain_text("Qwen2.5")
