"""Real pages for the browser tests: the app over the real corpus (quotes), over a scripted language model, over hostile documents; and the
system's Chromium.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rag.pipeline import Pipeline
from tests.browser.hostile import write_hostile_corpus
from tests.browser.serving import serve
from tests.conftest import TEST_INDEX_DIR
from tests.openai_server import OpenAIServer

expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        reason = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and REQUIRE_BROWSER=1 asks for it")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the quotes page keeps its log and feedback."""
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="session")
def page_address(chromium: Browser, real_pipeline: Pipeline, page_folder: Path) -> Iterator[str]:
    """The address of a page over the real corpus with the quotes engine; `real_pipeline` has built its index. It is an MCP server, too."""
    assert real_pipeline.index.n_chunks
    with serve(page_folder, INDEX_DIR=str(TEST_INDEX_DIR), MCP="1") as address:
        yield address


@pytest.fixture(scope="session")
def model() -> Iterator[OpenAIServer]:
    """A scripted language model; a test appends the replies that it wants."""
    with OpenAIServer([]) as server:
        yield server


@pytest.fixture(scope="session")
def model_address(
    chromium: Browser, real_pipeline: Pipeline, model: OpenAIServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a page whose answers a scripted model words (compose)."""
    assert real_pipeline.index.n_chunks
    folder = tmp_path_factory.mktemp("model-page")
    with serve(folder, INDEX_DIR=str(TEST_INDEX_DIR), LLM="openai:scripted", LLM_BASE_URL=model.base_url, LLM_RETRIES="0") as address:
        yield address


@pytest.fixture
def page(chromium: Browser, page_address: str) -> Iterator[Page]:
    """A fresh page in a fresh browser context; fails the test when a script of the page fails."""
    yield from open_page(chromium, page_address)


@pytest.fixture
def model_page(chromium: Browser, model_address: str, model: OpenAIServer) -> Iterator[Page]:
    """The same over the scripted model, which has no replies left."""
    model.replies.clear()
    for page in open_page(chromium, model_address):
        expect(page.locator("#osseous-status")).to_contain_text("worded by scripted", timeout=60_000)
        yield page


@pytest.fixture(scope="session")
def hostile_address(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page over a corpus that tries to break it: markup in every field, a title of 300 characters, right-to-left words."""
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_corpus(folder / "corpus")
    with serve(folder, CORPUS_DIR=str(folder / "corpus"), INDEX_DIR=str(folder / "index"), MAX_SENTENCES="10") as address:
        yield address


def open_page(chromium: Browser, address: str, *, width: int = 1280, height: int = 800, phone: bool = False) -> Iterator[Page]:
    """Open an address in a browser context of its own; no script of the page may fail meanwhile."""
    context = chromium.new_context(viewport={"width": width, "height": height}, has_touch=phone, is_mobile=phone)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#osseous-question textarea", state="attached")
    yield page
    context.close()
    assert not failures, failures
