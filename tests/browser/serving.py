"""A real `python app.py` on a free port for page tests, and what a person does on the page."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

PROJECT = Path(__file__).parents[2]
START_TIMEOUT_S = 90.0
ANSWER_TIMEOUT_MS = 90_000  # the first question waits for the embedding model to be loaded
CITATION = "#osseous-chat a[href*='#source-']"
FINISHED = re.compile(
    r"(Verbatim|Worded by the model)[^·]*·[^·]*( · )?[\d.]+ s|is expected|please|empty|characters|No document|Something went wrong"
)


@contextmanager
def serve(folder: Path, **settings: str) -> Iterator[str]:
    """Serve the page with these `RAG_` settings (names without the prefix); yield its address. Its log is `folder/log`."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    given = {"PORT": str(port), "LIBRARY_DIR": str(folder / "library"), "FEEDBACK_DB": str(folder / "feedback.sqlite3"), "LLM": "none"}
    environment |= {f"RAG_{name}": value for name, value in (given | settings).items()} | {"HF_HUB_OFFLINE": "1"}
    log = (folder / "log").open("w")
    server = subprocess.Popen([sys.executable, "app.py"], cwd=PROJECT, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(address, server, folder / "log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def ask(page: Page, question: str) -> Locator:
    """Type a question, send it, wait until its answer is final; return the answer's message."""
    before = page.locator("#osseous-chat [data-testid='user']").count()
    page.fill("#osseous-question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator("#osseous-chat [data-testid='user']")).to_have_count(before + 1, timeout=ANSWER_TIMEOUT_MS)
    return finished(page)


def finished(page: Page) -> Locator:
    """Wait until the last answer is final; return its first message."""
    message = page.locator("#osseous-chat .bot-row").last.locator("[data-testid='bot']").first
    expect(message).to_contain_text(FINISHED, timeout=ANSWER_TIMEOUT_MS)
    expect(page.locator("#osseous-question button", has_text="Ask")).to_be_visible(timeout=ANSWER_TIMEOUT_MS)
    return message


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"app.py ended with code {server.returncode}:\n{log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"app.py did not serve {address}:\n{log.read_text()[-2000:]}")
