"""A conversation as something to take away: plain text, Markdown or DOCX, each answer with the words that it rests on.

`_answer_lines` says what an answer holds and in which order, once; three small functions draw a line. All that corpus, model and person wrote is data:
one line of characters that any file may hold, escaped in Markdown, and a link only to an address of the web. Sentences that were withheld stay
withheld. Does not ask, and does not write files.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from rag.cite import bodies, escape_markdown, unescape_markdown
from rag.references import one_line, vancouver_parts
from rag.schema import Answer, Citation, Sentence

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph

Markup = Literal["plain", "markdown"]
Style = Literal["title", "question", "heading", "alert", "text", "bullet", "reference", "detail", "closing"]

DOCX_STYLE: dict[Style, str] = {
    "title": "Title", "question": "Heading 1", "heading": "Heading 2", "alert": "Intense Quote", "text": "Body Text", "bullet": "List Bullet",
    "reference": "List", "detail": "List Continue", "closing": "Caption",
}  # fmt: skip
TIGHT = {("bullet", "bullet"), ("reference", "detail"), ("detail", "detail"), ("detail", "reference")}  # follow without an empty line


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as the person put it, and the final answer."""

    question: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class _Line:
    """A paragraph: `lead` in bold, then text, a web address and what follows it; all of it unescaped."""

    style: Style
    text: str
    lead: str = ""
    url: str = ""
    rest: str = ""


def answer_text(answer: Answer, accessed: date, *, markup: Markup) -> str:
    """Return an answer: alerts, sentences with their numbers, notice, references with the quoted words, and who made it.

    Args:
        answer: A final answer, also one that declines.
        accessed: The day of the answer; it stands in the references.
        markup: "plain" or "markdown".
    """
    return _draw(_answer_lines(answer, accessed), markup)


def conversation_text(turns: Sequence[Turn], accessed: date, *, markup: Markup) -> str:
    """Return all turns, each question as a heading; numbers begin anew with each answer, as they did on the page.

    Args:
        turns: The conversation, oldest first; without any, the title stands alone.
        accessed: The day of the answers.
        markup: "plain" or "markdown".
    """
    return _draw(_conversation_lines(turns, accessed), markup)


def conversation_docx(turns: Sequence[Turn], accessed: date) -> bytes:
    """Return all turns as a Word document with the headings and lists of its styles; originals are links.

    Args:
        turns: The conversation, oldest first; without any, the title stands alone.
        accessed: The day of the answers.
    """
    import docx

    document = docx.Document()
    lines = _conversation_lines(turns, accessed)
    properties = document.core_properties  # python-docx's template names itself as the author
    properties.title, properties.author, properties.comments = lines[0].text, "Osseous", ""
    properties.created = properties.modified = datetime(accessed.year, accessed.month, accessed.day)  # noqa: DTZ001 - Word's are naive
    for line in lines:
        paragraph = document.add_paragraph(style=DOCX_STYLE[line.style])
        if line.lead:
            paragraph.add_run(_lead(line)).bold = True
        paragraph.add_run(line.text)
        if line.url:
            _add_link(paragraph, line.url)
        paragraph.add_run(line.rest)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _conversation_lines(turns: Sequence[Turn], accessed: date) -> list[_Line]:
    lines = [_Line("title", f"Osseous: questions and answers of {accessed.isoformat()}")]
    for turn in turns:
        lines += [_Line("question", one_line(turn.question)), *_answer_lines(turn.answer, accessed)]
    return lines


def _answer_lines(answer: Answer, accessed: date) -> list[_Line]:
    lines = [_Line("alert", one_line(alert.message), lead=one_line(alert.title)) for alert in answer.alerts]
    lines += _sentence_lines(answer)
    if answer.notice:
        lines.append(_Line("text", one_line(answer.notice), lead="Note"))
    if answer.citations:
        lines.append(_Line("heading", "References"))
    for citation in answer.citations:
        lines += _reference_lines(citation, accessed)
    made_by = f"engine {answer.engine}, " + (f"model {answer.model}" if answer.model else "no language model")
    lines.append(
        _Line("closing", one_line(f"A reference tool, not medical advice. Made by Osseous ({made_by}) on {accessed.isoformat()}."))
    )
    return lines


def _sentence_lines(answer: Answer) -> list[_Line]:
    """One paragraph where one body speaks, one line a body where several do, as on the page; or the message of an answer without sentences."""
    shown = [sentence for sentence in answer.sentences if sentence.verdict == "supported"]
    if not shown:
        message = unescape_markdown(answer.answer).split("\n")
        return [_Line("text", one_line(part)) for part in message if part.strip()]
    groups = bodies(shown, answer.citations)
    lines = [_Line("text", _cited(groups.pop("")))] if "" in groups else []
    if len(groups) == 1:
        return [*lines, *(_Line("text", _cited(sentences)) for sentences in groups.values())]
    return [*lines, *(_Line("bullet", _cited(sentences), lead=one_line(label)) for label, sentences in groups.items())]


def _cited(sentences: Sequence[Sentence]) -> str:
    return " ".join(f"{one_line(sentence.text)} {''.join(f'[{n}]' for n in sentence.citations)}".rstrip() for sentence in sentences)


def _reference_lines(citation: Citation, accessed: date) -> list[_Line]:
    before, url, after = vancouver_parts(citation.source, accessed=accessed)
    lines = [_Line("reference", f"[{citation.n}] {before}", url=url, rest=after)]
    if citation.section:
        lines.append(_Line("detail", one_line(citation.section), lead="Section"))
    lines.append(_Line("detail", f"“{one_line(citation.quote)}”", lead="In the library"))
    if citation.source.checked == "secondary":
        lines.append(_Line("detail", "The library's text was written from summaries; check the original."))
    return lines


def _lead(line: _Line) -> str:
    """Return the bold beginning of a line with its end, so that it reads on: "Note: ..."."""
    return f"{line.lead} " if line.lead.endswith((".", "!", "?", ":")) else f"{line.lead}: "


def _draw(lines: Sequence[_Line], markup: Markup) -> str:
    drawn, previous = "", None
    for line in lines:
        if previous:
            tight = (previous.style, line.style) in TIGHT
            # Within a list item, only a backslash keeps Markdown from running two lines together.
            drawn += ("\\\n" if markup == "markdown" and line.style == "detail" else "\n") if tight else "\n\n"
        drawn += _markdown(line) if markup == "markdown" else _plain(line)
        previous = line
    return drawn + "\n"


def _plain(line: _Line) -> str:
    words = (_lead(line) if line.lead else "") + line.text + line.url + line.rest
    if line.style in {"title", "question"}:
        return f"{words}\n{('=' if line.style == 'title' else '-') * min(len(words), 80)}"
    return {"alert": "!! ", "bullet": "- ", "detail": "    ", "closing": "– "}.get(line.style, "") + words


def _markdown(line: _Line) -> str:
    lead = f"**{escape_markdown(_lead(line).rstrip())}** " if line.lead else ""
    words = lead + escape_markdown(line.text) + (f"<{line.url}>" if line.url else "") + escape_markdown(line.rest)
    if line.style == "closing":
        return f"*{words}*"
    signs = {"title": "# ", "question": "## ", "heading": "### ", "alert": "> ", "bullet": "- ", "reference": "- ", "detail": "  "}
    return signs.get(line.style, "") + words


def _add_link(paragraph: "Paragraph", url: str) -> None:
    """Append a link; python-docx reads links and has no call to write one."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run = paragraph.add_run(url)
    run.font.underline = True
    link.append(run._r)
    paragraph._p.append(link)
