"""What can be taken away from the Ask tab: the last answer to copy, the conversation and its references to download. The texts are `rag.transcript`'s
and `rag.references`'s.
"""

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from page.conversation import Exchange, turns
from page.strings import say
from rag.references import bibtex, cited_sources, ris
from rag.transcript import answer_text, conversation_docx, conversation_text

DOWNLOADS = {"markdown": "osseous.md", "docx": "osseous.docx", "ris": "osseous.ris", "bibtex": "osseous.bib"}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_take_away(exchanges: gr.State) -> tuple[gr.Accordion, Callable[[Any], None]]:
    """Lay the panel out.

    Returns:
        The accordion, hidden until there is an answer, and a function that renews the text to copy after an event.
    """
    with gr.Accordion(say("take_away"), open=False, visible="hidden", elem_id="osseous-take-away") as panel:
        markup = gr.Radio(
            [(say("format_markdown"), "markdown"), (say("format_plain"), "plain")],
            value="markdown",
            label=say("format"),
            elem_id="osseous-format",
        )
        copied = gr.Textbox(label=say("copy_answer"), lines=6, max_lines=12, interactive=False, buttons=["copy"], elem_id="osseous-copy")
        what = gr.Dropdown(
            [(say(f"download_{name}"), name) for name in DOWNLOADS], value="markdown", label=say("download_what"), elem_id="osseous-what"
        )
        start = gr.Button(say("download"), elem_id="osseous-download", size="md")
        file = gr.DownloadButton(visible="hidden", elem_id="osseous-file")

    def last(now: list[Exchange], wanted: str) -> str:
        taken = turns(now)
        return answer_text(taken[-1].answer, date.today(), markup="plain" if wanted == "plain" else "markdown") if taken else ""  # noqa: DTZ011 - the person's day

    markup.input(last, [exchanges, markup], copied, queue=False, **QUIET)
    start.click(write_download, [exchanges, what], file, queue=False, **QUIET).then(
        None, None, None, js="() => setTimeout(() => document.querySelector('#osseous-file').click(), 150)"
    )
    return panel, lambda event: event.then(last, [exchanges, markup], copied, queue=False, **QUIET)


def write_download(exchanges: list[Exchange], what: str) -> str:
    """Write what a person downloads into a folder of its own, which Gradio deletes with its cache; return the path."""
    taken, today = turns(exchanges), date.today()  # noqa: DTZ011 - the person's day
    cited = cited_sources([citation for turn in taken for citation in turn.answer.citations])
    path = Path(tempfile.mkdtemp(prefix="osseous-")) / DOWNLOADS[what]
    if what == "docx":
        path.write_bytes(conversation_docx(taken, today))
    else:
        texts = {
            "markdown": lambda: conversation_text(taken, today, markup="markdown"),
            "ris": lambda: ris(cited, accessed=today),
            "bibtex": lambda: bibtex(cited, accessed=today),
        }
        path.write_text(texts[what](), encoding="utf-8")
    return str(path)
