"""Speed of the page: from `python app.py` to the page, fifty people at once, memory over a thousand questions. Part of `python -m evals.bench`."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from evals.percentiles import percentile
from rag.settings import PROJECT_DIR

START_TIMEOUT_S = 120.0
PEOPLE = 50
LOOKS = 7
MANY = 1000  # questions over which memory should stay flat
WARM = 100  # of them before the first reading: caches fill up to their bounds


@dataclass(frozen=True, slots=True)
class Served:
    """A running page: its address, its process, seconds until it was up."""

    address: str
    pid: int
    seconds: float


@contextmanager
def served(**settings: str) -> Iterator[Served]:
    """Run `python app.py` on a free loopback port for as long as the `with` lasts.

    Args:
        settings: Settings of the product, names without `RAG_`.

    Raises:
        RuntimeError: the page did not come up.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {f"RAG_{name}": value for name, value in ({"PORT": str(port)} | settings).items()}
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "app.py"], cwd=PROJECT_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        yield Served(address, server.pid, _seconds_until_up(server, address, began))
    finally:
        server.terminate()
        server.wait(timeout=20)


def bench_start() -> None:
    """Print the time from `python app.py` to the page, with index and model there."""
    with served() as page:
        print(f"page up after {page.seconds:.1f} s")


def bench_load(questions: list[str]) -> None:
    """Print how long each of fifty people waits who ask at once (quotes), and the server's memory after a hundred and a thousand questions."""
    from gradio_client import Client

    with served(LLM="none") as page:
        client = Client(page.address, verbose=False)
        ask(client, questions[:5])
        waits, failures = ask(client, [questions[at % len(questions)] for at in range(PEOPLE)])
        print(
            f"{PEOPLE} people at once (quotes): median {percentile(waits, 0.5):.2f} s, p95 {percentile(waits, 0.95):.2f} s, {failures} failures"
        )
        readings: list[float] = []
        for begin, end in ((0, WARM), (WARM, MANY)):
            for at in range(begin, end, PEOPLE):
                ask(client, [questions[(at + one) % len(questions)] for one in range(PEOPLE)])
            readings.append(_resident_mb(page.pid))
        if all(readings):  # 0 where the system does not tell
            print(
                f"memory after {WARM} questions {readings[0]:.0f} MB, after {MANY} {readings[1]:.0f} MB: ratio {readings[1] / readings[0]:.2f}"
            )


def bench_browser() -> None:
    """Print, in headless Chromium, the time from opening the page to a question box that takes words, and from a keystroke in the library to its results."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("page in a browser: not measured, Playwright is not installed (make install-test)")
        return
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        print("page in a browser: not measured, Chromium is not installed")
        return
    with served(LLM="none") as page, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        opened, typed = [], []
        for _ in range(LOOKS):
            tab = browser.new_context().new_page()
            began = time.perf_counter()
            tab.goto(page.address)
            tab.locator("#osseous-question textarea").fill("bone")
            opened.append(time.perf_counter() - began)
            tab.get_by_role("tab", name="Library").click()
            tab.wait_for_selector("#osseous-results .osseous-list", timeout=60_000)
            for key in "sins":
                before = tab.locator("#osseous-results").inner_html()
                began = time.perf_counter()
                tab.locator("#osseous-search :is(textarea, input)").press(key)
                tab.wait_for_function("before => document.querySelector('#osseous-results').innerHTML !== before", arg=before)
                typed.append(1000 * (time.perf_counter() - began))
            tab.context.close()
        browser.close()
    print(
        f"page usable in a browser: median {statistics.median(opened):.2f} s after opening it, largest {max(opened):.2f} s ({LOOKS} times)"
    )
    print(f"library, key to results: median {statistics.median(typed):.0f} ms, p95 {percentile(typed, 0.95):.0f} ms ({len(typed)} keys)")


def ask(client: Any, questions: list[str]) -> tuple[list[float], int]:
    """Ask all questions at the same time; return each answer's seconds and how many failed."""
    began = time.perf_counter()
    ended: list[float] = []
    jobs = [client.submit(question=question, engine="quotes", api_name="/ask") for question in questions]
    for job in jobs:
        job.add_done_callback(lambda _: ended.append(time.perf_counter() - began))
    failures = sum(job.exception() is not None for job in jobs)
    return sorted(ended), failures


def _seconds_until_up(server: "subprocess.Popen[bytes]", address: str, began: float) -> float:
    while time.perf_counter() - began < START_TIMEOUT_S and server.poll() is None:
        try:
            httpx.get(address, timeout=2)
            return time.perf_counter() - began
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("the page did not come up")


def _resident_mb(pid: int) -> float:
    """Resident memory of a process, MB; 0 where the system does not tell it in /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
