"""The Evaluation tab: the last report of `make eval`, when there is one. The report is a page of its own and is shown in a frame without scripts."""

import html
from pathlib import Path

import gradio as gr

from page.strings import say


def report_frame(report: Path) -> str | None:
    """Return a frame that shows the report, or None when there is none."""
    try:
        page = report.read_text(encoding="utf-8")
    except OSError:
        return None
    return f"<iframe class='osseous-report' title='{html.escape(say('tab_evaluation'))}' sandbox='' srcdoc='{html.escape(page, quote=True)}'></iframe>"


def build_evaluation_tab(report: Path) -> None:
    """Add the tab to the current `gr.Tabs` when there is a report."""
    if frame := report_frame(report):
        with gr.Tab(say("tab_evaluation"), id="evaluation"):
            gr.HTML(frame, padding=False)
