"""A DOCX -> Markdown text and title: python-docx reads it, here stands what it leaves out, and what keeps a hostile file from harming the rest."""

import io
import re
import zipfile
import zlib
from typing import Any

from rag.errors import ParseError

MAX_UNZIPPED_BYTES = 200_000_000  # a DOCX that unpacks to more is a bomb, not a document
MAX_UNZIPPED_RATIO = 200


def read_docx(data: bytes) -> tuple[str, str | None]:
    """Return the text of a DOCX as Markdown, and the title that its properties state.

    Raises:
        ParseError: it is no DOCX, is damaged, or would unpack to far more than a document holds.
    """
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
    return "\n\n".join(block for block in blocks if block), (properties.title or "").strip() or None


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
    return f"- {words}" if words and style.startswith("List") else escape(words)


def _docx_table(table: Any) -> str:
    """One line a row; a table of one row is a box, whose cells are paragraphs. Each cell once, however many columns it claims."""
    rows = [
        [" ".join(_docx_text(part) for part in cell.xpath(".//w:p")).strip().replace("|", "/") for cell in row.tc_lst]
        for row in table.tr_lst
    ]
    if len(rows) < 2:
        return "\n\n".join(escape(cell) for row in rows for cell in row if cell)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def escape(words: str) -> str:
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
