"""The Library tab: search as you type over the passages, without a model, and documents to read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from page.backend import Backend
from page.cards import document_list, document_view, hint, hit_cards
from page.conversation import Options
from page.strings import say
from page.wiring import OPENS_DOCUMENT, QUIET
from rag.errors import RagError
from rag.lookup import best_sentences
from rag.pipeline import Filters

HITS = 15  # results of one search: more are not read, fewer hide the body that differs


@dataclass(frozen=True, slots=True)
class LibraryTab:
    """What the rest of the page speaks to; `find` gives the results for search, kind and body."""

    search: gr.Textbox
    kind: gr.Dropdown
    body: gr.Dropdown
    results: gr.HTML
    document: gr.HTML
    find: Callable[[str | None, str, str], str]


def build_library_tab(backend: Backend) -> LibraryTab:
    """Lay the tab out inside the current `gr.Tab`."""
    with gr.Row(equal_height=False, elem_id="osseous-library"):
        with gr.Column(scale=2, min_width=320):
            search = gr.Textbox(label=say("search_label"), placeholder=say("search_hint"), lines=1, max_lines=1, elem_id="osseous-search")
            with gr.Row():
                kind = gr.Dropdown([(say("all_kinds"), "")], value="", label=say("kind"), elem_id="osseous-library-kind")
                body = gr.Dropdown([(say("all_bodies"), "")], value="", label=say("body"), elem_id="osseous-library-body")
            results = gr.HTML(hint("overview_loading"), elem_id="osseous-results", padding=False, js_on_load=OPENS_DOCUMENT)
        with gr.Column(scale=3, min_width=320, elem_id="osseous-reading"):
            document = gr.HTML(hint("document_hint"), elem_id="osseous-reader", padding=False)

    def find(query: str | None, kind: str, body: str) -> str:
        return look_up(backend, query, kind, body)

    for change in (search.change, kind.change, body.change):
        change(find, [search, kind, body], results, queue=False, trigger_mode="always_last", **QUIET)
    results.select(opener(backend), None, document, queue=False, **QUIET)
    return LibraryTab(search, kind, body, results, document, find)


def look_up(backend: Backend, query: str | None, kind: str, body: str) -> str:
    """Return the cards for a query, or the list of documents without one."""
    if not backend.is_open:
        return hint("overview_loading")
    pipeline = backend.pipeline()
    query = (query or "").strip()
    if not query:
        limits = Options(kind=kind, body=body)
        return document_list(source for source in pipeline.index.sources.values() if limits.admit(source))
    try:
        passages = pipeline.search(query, k=HITS, filters=Filters(kind=kind or None, publisher=body or None))
    except RagError as exc:
        return hit_cards([], problem=str(exc))
    return hit_cards(best_sentences(query, passages, rarity=pipeline.index.rarity))


def opener(backend: Backend) -> Any:
    """Return a listener that shows the document which a card's button names."""

    def open_document(event: gr.EventData) -> str:
        wanted = event._data or {}
        source = backend.pipeline().index.sources.get(str(wanted.get("document")))
        if source is None:
            return hint("document_hint")
        return document_view(source, backend.sections(source.document_id), str(wanted.get("quote") or ""))

    return open_document
