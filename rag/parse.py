"""One file of a person's folder -> Markdown text and what its metadata says of it. Markdown, text, HTML, PDF, DOCX.

Parsing is the libraries' job (trafilatura, pypdfium2, python-docx); here stands only what to do with what they give, and the limits that keep a
broken or hostile file from harming the rest. Nothing is guessed: what a file does not say stays unknown.
"""

import io
import math
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from rag.errors import ParseError

MAX_BYTES = {".pdf": 100_000_000, ".docx": 50_000_000}
MAX_TEXT_BYTES = 10_000_000  # Markdown, text, HTML: a whole guideline has about one
MAX_UNZIPPED_BYTES = 200_000_000  # a DOCX that unpacks to more is a bomb, not a document
MAX_UNZIPPED_RATIO = 200
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
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    _check_zip(data)
    try:
        document = docx.Document(io.BytesIO(data))
        styles = {style.style_id: style.name or "" for style in document.styles}  # paragraph.style looks through all of them each time
        blocks = [
            _docx_table(block) if block.tag.endswith("}tbl") else _docx_paragraph(styles.get(block.style, ""), _docx_text(block))
            for block in document.element.body.xpath(_DOCX_BLOCKS)
        ]
        properties = document.core_properties
    except (PackageNotFoundError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as exc:
        raise ParseError("the DOCX is damaged and cannot be opened") from exc
    return ParsedFile(text="\n\n".join(block for block in blocks if block), title=(properties.title or "").strip() or None)


# Content controls wrap paragraphs and tables; text within a text box or a table is no block of the body.
_DOCX_BLOCKS = ".//*[self::w:p or self::w:tbl][not(ancestor::w:tbl) and not(ancestor::w:txbxContent)]"
_DOCX_RUNS = ".//w:r[not(ancestor::w:del) and not(ancestor::w:moveFrom) and not(ancestor::w:txbxContent)]"


def _docx_text(element: Any) -> str:
    """Return the words of a paragraph with what was inserted, moved here or put into a field; python-docx leaves these out."""
    return " ".join("".join(run.text for run in element.xpath(_DOCX_RUNS)).split())


def _docx_paragraph(style: str, words: str) -> str:
    level = re.fullmatch(r"[Hh]eading (\d)", style)
    if words and level:
        return f"{'#' * min(int(level.group(1)) + 1, 6)} {words}"
    return f"- {words}" if words and style.startswith("List") else _escape(words)


def _docx_table(table: Any) -> str:
    """One line a row; a table of one row is a box, whose cells are paragraphs. Each cell once, however many columns it claims."""
    rows = [
        [" ".join(_docx_text(part) for part in cell.xpath(".//w:p")).strip().replace("|", "/") for cell in row.tc_lst]
        for row in table.tr_lst
    ]
    if len(rows) < 2:
        return "\n\n".join(_escape(cell) for row in rows for cell in row if cell)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _escape(words: str) -> str:
    """Keep a paragraph a paragraph: nothing in it opens a heading, a quotation, a table, a fence or HTML. A list sign may stay."""
    return re.sub(r"^([#>|`~<=_]|[-+*](?!\s))", r"\\\1", words)


def _check_zip(data: bytes) -> None:
    """Refuse what is no DOCX, and what would unpack to far more than a document holds, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            unpacked = sum(entry.file_size for entry in entries)
            limit = min(MAX_UNZIPPED_BYTES, MAX_UNZIPPED_RATIO * max(len(data), 10_000))
            if "word/document.xml" in names and unpacked <= limit:
                _check_sizes(archive, entries)
    except zipfile.BadZipFile as exc:
        raise ParseError("named as DOCX, but it is no DOCX or it is truncated") from exc
    if "word/document.xml" not in names:
        raise ParseError("named as DOCX, but it holds no Word document")
    if unpacked > limit:
        raise ParseError(f"unpacks to {unpacked / 1e6:,.0f} MB, which no document does (a zip bomb?)")


def _check_sizes(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack in small pieces: the directory may state less than a member unpacks to, and python-docx would unpack it whole."""
    for entry in entries:
        try:
            with archive.open(entry) as member:
                while member.read(1 << 16):
                    pass
        except (zipfile.BadZipFile, zlib.error, EOFError) as exc:
            raise ParseError("the DOCX is damaged and cannot be opened") from exc


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
    return "\n\n".join(_escape(" ".join(lines)) for lines in paragraphs if lines)


PARSERS: dict[str, Callable[[bytes], ParsedFile]] = {
    ".md": _parse_markdown,
    ".markdown": _parse_markdown,
    ".txt": _parse_text,
    ".html": _parse_html,
    ".htm": _parse_html,
    ".pdf": _parse_pdf,
    ".docx": _parse_docx,
}
