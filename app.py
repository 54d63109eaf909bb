"""The page: a question in, an Answer out, rendered. Puts the tabs of `page/` together and serves them.

    python app.py

The page is up first; the index and the language model load behind it, and a question that comes early waits for the index only.
"""

import json
import os
import sys
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import gradio as gr

from page.ask_tab import AskTab, build_ask_tab, overview_of
from page.backend import THREADS, Backend
from page.evaluation_tab import build_evaluation_tab
from page.library_tab import LibraryTab, build_library_tab, opener
from page.programs import build_programs
from page.strings import ASSETS, say
from page.theme import theme
from page.wiring import QUIET
from rag.cite import escape_markdown
from rag.errors import RagError
from rag.settings import load_settings

CACHE_S = 3600  # files that a person downloaded are deleted after this time


def build_app(backend: Backend) -> gr.Blocks:
    """Lay out the page; testable without a server."""
    with gr.Blocks(title=say("title"), analytics_enabled=False, fill_width=True, delete_cache=(CACHE_S, CACHE_S)) as page:
        with gr.Column(elem_id="osseous-page"):
            gr.Markdown(f"# {say('title')}\n{say('tagline')}", elem_id="osseous-head")
            with gr.Tabs(selected="ask", elem_id="osseous-tabs") as tabs:
                with gr.Tab(say("tab_ask"), id="ask"):
                    asking = build_ask_tab(backend)
                with gr.Tab(say("tab_library"), id="library"):
                    library = build_library_tab(backend)
                build_evaluation_tab(backend.settings.report)
            status = gr.Markdown(_status_line(backend), elem_id="osseous-status")
        show = asking.sources.select(opener(backend), None, library.document, queue=False, **QUIET)
        show.then(lambda: gr.Tabs(selected="library"), None, tabs, queue=False, **QUIET)
        _refresh_while_loading(page, backend, asking, library, status)
        _follow_address(page, asking, library, tabs)
        build_programs(backend)
        page.unload(_leaver(backend))
    return page


def _refresh_while_loading(page: gr.Blocks, backend: Backend, asking: AskTab, library: LibraryTab, status: gr.Markdown) -> None:
    """Fill in what the opened library offers, once, with the options that this browser remembers; keep the status line up to date."""
    timer, filled = gr.Timer(1.0), gr.State(False)

    def refresh(filled: bool, remembered: dict[str, str], exchanges: list[Any]) -> tuple[Any, ...]:
        line = (_status_line(backend), gr.Timer(active=backend.is_loading))
        engine = _engine(backend, remembered) if not backend.is_loading else gr.skip()
        if filled or not backend.is_open:
            return *line, filled, engine, *(gr.skip() for _ in range(7))
        choices = _choices(backend)
        kept = [gr.Dropdown(choices=options, value=_known(remembered.get(name, ""), options)) for name, options in choices.items()]
        limits = [gr.Dropdown(choices=choices[name]) for name in ("kind", "body")]
        sources = gr.skip() if exchanges else overview_of(backend)
        return *line, True, engine, gr.Radio(value=remembered.get("audience", "student")), *kept, sources, *limits

    outputs = [
        status,
        timer,
        filled,
        asking.engine,
        asking.audience,
        *asking.filters,
        asking.sources,
        library.kind,
        library.body,
    ]
    for event in (page.load, timer.tick):
        event(refresh, [filled, asking.remembered, asking.exchanges], outputs, **QUIET)
    filled.change(library.find, [library.search, library.kind, library.body], library.results, queue=False, **QUIET)


def _follow_address(page: gr.Blocks, asking: AskTab, library: LibraryTab, tabs: gr.Tabs) -> None:
    """`?q=` asks its question, `?tab=library&q=` searches the library."""

    def read(request: gr.Request) -> tuple[Any, ...]:
        wanted = dict(request.query_params)
        question = str(wanted.get("q", ""))
        if wanted.get("tab") == "library":
            return gr.Tabs(selected="library"), "", question
        return gr.skip(), question, gr.skip()

    loaded = page.load(read, None, [tabs, asking.asked, library.search], **QUIET)
    asking.ask(loaded.then, asking.asked)


def _leaver(backend: Backend) -> Any:
    """Return a listener that stops the model's work for somebody who closed the page."""

    def leave(request: gr.Request) -> None:
        backend.stop(request.session_hash or "")

    return leave


def _choices(backend: Backend) -> dict[str, list[tuple[str, str]]]:
    """Return the choices of the filters: kind, body, document."""
    sources = backend.pipeline().index.sources.values()
    kinds = [(kind.replace("-", " ").capitalize(), kind) for kind in sorted(backend.kinds())]
    bodies = [(body, body) for body in sorted({source.publisher for source in sources}, key=str.casefold)]
    documents = sorted(((source.title, source.document_id) for source in sources), key=lambda pair: pair[0].casefold())
    return {
        "kind": [(say("all_kinds"), ""), *kinds],
        "body": [(say("all_bodies"), ""), *bodies],
        "document": [(say("all_documents"), ""), *documents],
    }


def _engine(backend: Backend, remembered: dict[str, str]) -> gr.Radio:
    """The choice of engines, hidden while quotations are the only one."""
    several = backend.is_open and backend.pipeline().language_model is not None
    names = ["auto", "quotes", "select", "compose"] if several else ["auto"]
    choices = [(say("engine_auto" if name == "auto" else f"engine_choice_{name}"), name) for name in names]
    return gr.Radio(choices=choices, value=_known(remembered.get("engine", "auto"), choices, "auto"), visible=several)


def _known(value: str, choices: list[tuple[str, str]], otherwise: str = "") -> str:
    return value if any(value == known for _, known in choices) else otherwise


def _status_line(backend: Backend) -> str:
    return f"{escape_markdown(backend.status())}  \n{say('disclaimer')}"


def _head() -> str:
    gone = json.dumps(say("error_server_gone"))
    return f"<script>document.documentElement.dataset.gone = {gone};\n{(ASSETS / 'page.js').read_text(encoding='utf-8')}</script>"


def main() -> int:
    """Serve the page; return an exit code."""
    try:
        settings = load_settings()
    except RagError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    page = build_app(Backend(settings).start())
    page.queue(default_concurrency_limit=8)
    try:
        page.launch(
            server_name=settings.host,
            server_port=settings.port,
            theme=theme(),
            css_paths=[ASSETS / "page.css"],
            head=_head(),
            footer_links=["api"],
            quiet=True,
            prevent_thread_lock=True,
            ssr_mode=False,
            mcp_server=settings.mcp,
            max_threads=THREADS,
        )
    except OSError:
        print(f"error: port {settings.port} is in use; stop what uses it or set RAG_PORT to another one.", file=sys.stderr)
        return 2
    print(f"{say('title')} is at http://{settings.host}:{settings.port} (Ctrl-C stops it).", flush=True)
    page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
