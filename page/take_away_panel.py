"""What can be taken away from the Ask tab: the last answer to copy, the conversation and its references to download. The texts are `rag.transcript`'s
and `rag.references`'s.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from page.conversation import Exchange, turns
from page.strings import say
from page.wiring import QUIET
from rag.references import bibtex, cited_sources, ris
from rag.transcript import answer_text, conversation_docx, conversation_text

DOWNLOADS = {"markdown": "osseous.md", "docx": "osseous.docx", "ris": "osseous.ris", "bibtex": "osseous.bib"}


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
    start.click(write_download, [exchanges, what], file, **QUIET).then(
        None, None, None, js="() => setTimeout(() => document.querySelector('#osseous-file').click(), 150)"
    )
    return panel, lambda event: event.then(last, [exchanges, markup], copied, queue=False, **QUIET)


def write_download(exchanges: list[Exchange], what: str) -> Iterator[str]:
    """Yield the path of what a person downloads; once Gradio has taken it into its cache, which it empties, the file is deleted."""
    taken, today = turns(exchanges), date.today()  # noqa: DTZ011 - the person's day
    cited = cited_sources([citation for turn in taken for citation in turn.answer.citations])
    made: dict[str, Callable[[], bytes]] = {
        "markdown": lambda: conversation_text(taken, today, markup="markdown").encode(),
        "docx": lambda: conversation_docx(taken, today),
        "ris": lambda: ris(cited, accessed=today).encode(),
        "bibtex": lambda: bibtex(cited, accessed=today).encode(),
    }
    with tempfile.TemporaryDirectory(prefix="osseous-") as folder:
        path = Path(folder) / DOWNLOADS[what]
        path.write_bytes(made[what]())
        yield str(path)
