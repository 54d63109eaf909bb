"""The README's pictures, taken anew from the real page in headless Chromium: `make screenshots`.

A scripted language model stands in for a capable one where the picture shows worded sentences, so that the pictures are the same each time.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS
from tests.browser.serving import CITATION, ask, serve
from tests.openai_server import OpenAIServer, words

DOCS = Path(__file__).parents[1] / "docs"
DESKTOP, PHONE = (1280, 800), (390, 844)
MRI = "How fast must an MRI be done when cord compression is suspected?"
WORDED = (
    "MRI should be done within 24 hours when metastatic spinal cord compression is suspected.\n"
    "MRI should be done within 1 week for suspected spinal metastases without neurological symptoms or signs.\n"
    "MRI should be done within 72 hours when metastatic spinal cord compression is suspected.\n"
)


def first_look(page: Page) -> None:
    expect(page.locator("#osseous-sources")).to_contain_text("documents", timeout=60_000)


def answer(page: Page) -> None:
    ask(page, "What dose of zoledronic acid at a creatinine clearance of 45?")
    page.locator(CITATION).first.click()


def emergency(page: Page) -> None:
    ask(page, "my dad has prostate cancer and suddenly can't move his legs")


def options(page: Page) -> None:
    ask(page, "What SINS total needs a surgeon?")
    page.locator("#osseous-options button").first.click()
    page.locator("#osseous-take-away button").first.click()
    page.wait_for_timeout(600)
    page.locator("#osseous-drawers").scroll_into_view_if_needed()


def library(page: Page) -> None:
    page.get_by_role("tab", name="Library").click()
    page.locator("#osseous-search :is(textarea, input)").press_sequentially("denosumab dose", delay=30)
    page.locator(".osseous-hit", has_text="The US label dose of denosumab").get_by_role("button").first.click(timeout=60_000)
    expect(page.locator("#osseous-reader mark")).to_be_visible()


def worded(page: Page) -> None:
    expect(page.locator("#osseous-status")).to_contain_text("worded by", timeout=60_000)
    ask(page, MRI)
    page.get_by_text("1 sentence of the model withheld").click()


def take(browser: Browser, address: str, name: str, state: Callable[[Page], None], size: tuple[int, int], *, dark: bool = False) -> None:
    """Take one picture into docs/."""
    phone = size == PHONE
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        is_mobile=phone,
        has_touch=phone,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#osseous-question textarea", state="attached")
    state(page)
    page.wait_for_timeout(700)
    page.screenshot(path=DOCS / f"{name}.png")
    context.close()
    print(f"docs/{name}.png")


def main() -> int:
    """Take all pictures; return an exit code."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        print("error: Chromium is not installed (Debian: apt-get install chromium).", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, OpenAIServer([words(WORDED)]) as model:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        with serve(Path(folder) / "quotes") as address:
            take(browser, address, "first-look", first_look, DESKTOP)
            take(browser, address, "page", answer, DESKTOP)
            take(browser, address, "page-dark", answer, DESKTOP, dark=True)
            take(browser, address, "phone", first_look, PHONE)
            take(browser, address, "phone-answer", answer, PHONE)
            take(browser, address, "emergency", emergency, DESKTOP)
            take(browser, address, "emergency-phone", emergency, PHONE, dark=True)
            take(browser, address, "library", library, DESKTOP)
            take(browser, address, "library-phone", library, PHONE)
            take(browser, address, "options", options, DESKTOP)
        with serve(Path(folder) / "model", LLM="openai:a-capable-model", LLM_BASE_URL=model.base_url) as address:
            take(browser, address, "worded", worded, DESKTOP)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
