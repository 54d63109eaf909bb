"""When something fails, one human sentence and what to do: server gone, a corpus that cannot be read. And the evaluation tab, which is not always there."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import open_page
from tests.browser.serving import ask, serve
from tests.fakes import write_toy_corpus


@pytest.fixture
def small(tmp_path: Path) -> dict[str, str]:
    """Settings of a page over the toy corpus."""
    write_toy_corpus(tmp_path / "corpus")
    return {"CORPUS_DIR": str(tmp_path / "corpus"), "INDEX_DIR": str(tmp_path / "index")}


def test_a_server_that_is_gone_is_told_and_the_conversation_stays(chromium: Browser, small: dict[str, str], tmp_path: Path) -> None:
    server = serve(tmp_path / "page", **small)
    address = server.__enter__()
    pages = open_page(chromium, address)
    page = next(pages)
    ask(page, "How fast must an MRI be done for suspected cord compression?")
    server.__exit__(None, None, None)
    expect(page.locator("#osseous-gone")).to_contain_text("start the program again, then reload", timeout=30_000)
    expect(page.locator("#osseous-chat")).to_contain_text("24 hours")
    page.context.close()


def test_a_corpus_that_cannot_be_read_is_told_on_the_page(chromium: Browser, small: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "corpus" / "broken.md").write_text("no front matter", encoding="utf-8")
    with serve(tmp_path / "page", **small) as address:
        for page in open_page(chromium, address):
            expect(page.locator("#osseous-status")).to_contain_text("Not ready", timeout=60_000)
            expect(page.locator("#osseous-status")).to_contain_text("broken.md")
            expect(ask_anything(page)).to_contain_text("broken.md")


def ask_anything(page):  # type: ignore[no-untyped-def]
    page.fill("#osseous-question textarea", "What is bone metastasis?")
    page.keyboard.press("Enter")
    return page.locator("#osseous-chat [data-testid='bot']").first


def test_the_evaluation_tab_shows_the_report_when_there_is_one(chromium: Browser, small: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    with serve(tmp_path / "without", **small, REPORT=str(report)) as address:
        for page in open_page(chromium, address):
            expect(page.get_by_role("tab", name="Library")).to_be_visible()
            expect(page.get_by_role("tab", name="Evaluation")).to_have_count(0)
    report.write_text("<h1>Scorecard</h1><script>parent.document.title = 'owned'</script>", encoding="utf-8")
    with serve(tmp_path / "with", **small, REPORT=str(report)) as address:
        for page in open_page(chromium, address):
            page.get_by_role("tab", name="Evaluation").click()
            expect(page.frame_locator(".osseous-report").locator("h1")).to_have_text("Scorecard")
            assert page.title() == "Osseous"
