"""One file of a person's folder -> Markdown text and what its metadata says of it. Markdown, text, HTML, PDF, DOCX.

Parsing is the libraries' job (trafilatura, pypdfium2, python-docx); here stands only what to do with what they give, and the limits that keep a
broken or hostile file from harming the rest. Nothing is guessed: what a file does not say stays unknown.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from rag.errors import ParseError
from rag.parse_docx import escape, read_docx

MAX_BYTES = {".pdf": 100_000_000, ".docx": 50_000_000}
MAX_TEXT_BYTES = 10_000_000  # Markdown, text, HTML: a whole guideline has about one
MAX_TITLE_CHARS = 300  # as of a sidecar
MIN_CHARS = 20  # less text than this in a whole file is no document
BINARY = (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_CONTROL_REFERENCE = re.compile(rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));")


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """Text as Markdown, and title, publisher and year as the file's own metadata state them; None where it does not."""

    text: str
    title: str | None = None
    publisher: str | None = None
    year: int | None = None
    url: str | None = None


def parse_file(path: Path) -> ParsedFile:
    """Read one file by its extension.

    Raises:
        ParseError: the file is empty, too large, not what its extension says, encrypted, damaged or without text; the message says which.
    """
    parser = PARSERS.get(path.suffix.lower())
    if parser is None:
        raise ParseError(f"format {path.suffix or '(none)'} is not read; {', '.join(sorted(PARSERS))} are")
    limit = MAX_BYTES.get(path.suffix.lower(), MAX_TEXT_BYTES)
    try:
        size = path.stat().st_size
        if size == 0:
            raise ParseError("the file is empty (0 bytes)")
        if size > limit:
            raise ParseError(f"{math.ceil(size / 1e6):,} MB; at most {limit / 1e6:,.0f} MB of this format are read")
        parsed = parser(path.read_bytes())
    except (ParseError, ImportError):
        raise
    except OSError as exc:
        raise ParseError(f"cannot be read ({exc.strerror})") from exc
    except Exception as exc:  # the libraries raise their own kinds for hostile input; one bad file must not stop the rest
        raise ParseError(f"damaged: it could not be read ({type(exc).__name__})") from exc
    if len(re.sub(r"[^\w]", "", parsed.text)) < MIN_CHARS:
        raise ParseError("no text was found in it")
    return replace(parsed, title=" ".join((parsed.title or "").split())[:MAX_TITLE_CHARS] or None)


def _parse_text(data: bytes) -> ParsedFile:
    return ParsedFile(text=_decode(data))


def _parse_markdown(data: bytes) -> ParsedFile:
    text = _decode(data)
    tokens = MarkdownIt("commonmark").parse(text)
    titles = (tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1")
    return ParsedFile(text=text, title=next((title for title in titles if title), None))


def _parse_html(data: bytes) -> ParsedFile:
    import trafilatura
    from lxml import etree  # type: ignore[import-untyped]

    head = data[:4096].lower()
    if data.startswith(BINARY) or b"<" not in head:
        raise ParseError("named as HTML, but it is no HTML")
    tree = trafilatura.load_html(_CONTROL_REFERENCE.sub(b" ", data))
    if tree is None:
        raise ParseError("no article text was found in the page")
    etree.strip_tags(tree, "b", "strong", "i", "em", "u", "mark", "small")  # their Markdown marks would be shown to the reader
    text = trafilatura.extract(tree, output_format="markdown", include_tables=True, include_comments=False, include_images=False)
    if not text:
        raise ParseError("no article text was found in the page")
    metadata = trafilatura.extract_metadata(data, extensive=False)
    year = re.match(r"(\d{4})", metadata.date or "") if metadata else None
    return ParsedFile(
        text=text,
        title=(metadata.title or None) if metadata else None,
        publisher=(metadata.sitename or None) if metadata else None,
        year=int(year.group(1)) if year else None,
        url=metadata.url if metadata and (metadata.url or "").startswith("http") else None,
    )


def _parse_pdf(data: bytes) -> ParsedFile:
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise ParseError("named as PDF, but it is no PDF")
    if b"%%EOF" not in data[-4096:]:
        raise ParseError("the PDF is truncated: its end is missing")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as exc:
        locked = "password" in str(exc).lower()
        raise ParseError(
            "the PDF is encrypted; save it without a password" if locked else "the PDF is damaged and cannot be opened"
        ) from exc
    try:
        pages = [document[number].get_textpage().get_text_bounded() for number in range(len(document))]
        title = _pdf_title(document)
    except pypdfium2.PdfiumError as exc:
        raise ParseError("the PDF is damaged: a page cannot be read") from exc
    finally:
        document.close()
    if sum(len(page.strip()) for page in pages) < MIN_CHARS:
        raise ParseError("the PDF has no text, it looks scanned; run text recognition (OCR) on it first")
    # A heading a page, so that a citation can say where in the PDF its words stand.
    text = "\n\n".join(f"## Page {number}\n\n{_paragraphs(page)}" for number, page in enumerate(pages, start=1) if page.strip())
    return ParsedFile(text=text, title=title)


def _pdf_title(document: Any) -> str | None:
    try:
        return str(document.get_metadata_value("Title"))
    except UnicodeDecodeError:
        return None


def _parse_docx(data: bytes) -> ParsedFile:
    text, title = read_docx(data)
    return ParsedFile(text=text, title=title)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or (not data.startswith(BINARY) and 0.3 < data.count(0) / len(data) < 0.6):
        raise ParseError("saved as UTF-16; save it as UTF-8")
    if data.startswith(BINARY) or b"\0" in data:
        raise ParseError("named as text, but it holds binary data")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        raise ParseError(f"not UTF-8 (byte {exc.start}); save it as UTF-8") from exc


def _paragraphs(page: str) -> str:
    """Join the lines that a PDF breaks in the middle of a sentence; an empty line, or a short line with a full stop, ends a paragraph."""
    lines = [
        " ".join(line.split())
        for line in page.replace("\r\n", "\n").replace("\r", "\n").replace("\x02", "").replace("\ufffe", "").split("\n")
    ]
    width = max((len(line) for line in lines), default=0)
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        if not line or (line.endswith((".", ":", "?", "!")) and len(line) < 0.8 * width):
            paragraphs.append([])
    return "\n\n".join(escape(" ".join(lines)) for lines in paragraphs if lines)


PARSERS: dict[str, Callable[[bytes], ParsedFile]] = {
    ".md": _parse_markdown,
    ".markdown": _parse_markdown,
    ".txt": _parse_text,
    ".html": _parse_html,
    ".htm": _parse_html,
    ".pdf": _parse_pdf,
    ".docx": _parse_docx,
}
