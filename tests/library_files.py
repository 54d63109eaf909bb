"""Files of the five formats with known text, and files broken in the ways we know of, for the tests of parsing and of the library.

PDF is written by hand: a reader must not be tested with what it wrote itself, and pdfium can set no title. Nothing here is random.
"""

import base64
import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import docx

# One page "Text behind a password stands on this page.", encrypted by pypdf; deflated, base64.
_LOCKED_PDF = (  # AES-256, opens with a password only
    "eNqNVEuIHFUUhUCyKBcS3MQwmkegowu13ue+H3QmTDLdRmKYoVsT0IT4vpMKPVWT6pohYwgoKi5Ctiq4UYKguHPhIrjxs3GhLsRVdgliUNGluIqvej5pbBdW"
    "1eK+U+eee+rWfa+zvNh/mjzDss6duz/8mBGEUWUvZd1ulr+wuRZQfsI0ZlStZPmyWQljRBNhkM3PZ6H0LZHOJEx4WX6q8GP0MmItH53P8hPVetkgMpXK/jO1"
    "LVSHRN2qlJ8OvjDHqytJC6eba44U0FZxEMbVeu2SqVahX6WcSUAQ7JhMTypcNklvjPi/rMNM/VYjy4frtpksW5Bk+XEzDhP1/GQYbYSmcCbLe6WrfFGuoPxs"
    "US6U42IHmCrApwo8H8qV5iIihLaEcVMHs5rxR44WR/Z0bu+/f/PWsTf+euzhx//c/Il+9PnVnw9c+/jc4U/nLnxweHBJ3f723XsHv7+x+PW+c7e+FI/O7Xny"
    "i1/F9UOD3z/c/9rozv1De09+cuPte83ZJ357du93n119M6PXX//jnW+OPjR37f2Xnnrv4C+v/H3qrcs3v9pojW2X3rYopiyeQTw1FYlds5SneBkB1aCFpJqm"
    "5hajJtQoHzam9Kb2Wb6Eutpi6biyDrRx3AJLAWOUBu+ciwKc01EBSAyGc6adV47r4LCmTJMYCVFMQZQucopptJ5EHam3YCh4DwLST3wRdQGHgC2O1FEtgwBG"
    "uVORY8O0VjolKccwSC9ACA6UEBaAJU8YO2MtsSAYBMkgggJDAuWKc0wUIZYFQmRoR6U/maBh47ejhfXmYm+jncZ8sXJLa6FsSadRvtAbnmG7jWJ0Z9iGzWof"
    "bQm0i/rBYqmHut6FZEdKRggmHiyk1jhNrHROauF14Fozz6lNKKcGgsE8YqCSgBWK0rYRSSb5VhYrogSXilrQ1AtpooqeAFU6NdMLQpyhqa/BW8o8ButjZIZH"
    "TiRPMsuhXk37RjoRQHstjLI+SGojEUJ6bIVV3oGdn5rmK3WIGUYyw7sXEul/chTRLkbSzE/elA8wATMYoWwGo5zMYAzUDMbJFK+pTTEK9WR+h8WrIdnLB1WV"
    "Dpqt0+O5xXRudG00iuFAg5SBCamM5t5bhoVO32l5nP8/lPOTTV9vrjVI7Jwk48bUzaQxBAuRdTq9pX72D2IpfT0="
)
_RESTRICTED_PDF = (  # RC4, opens without a password; printing and copying are restricted, as in many guidelines
    "eNqNUrtu1EAUrUIx8AkU02yBEJn3eCxWK5HHKohHkg0kBUox9sxsHC32ynZCAhXUSBQIIQQfgBCiBRQkKqhAgNLQBZEUKaBCoqBi7DxYsRTYLmbOnHvO8Z3b"
    "mJlonyKjDDS+bn/YBARimEXLoNkE6NJ630I0rkvdy7oAzeiuLSD1hA5otYBNTUWkQwU1D6BziSngFcgqPlwEaDxbSUtIBkrZP0sro9x66p4TumBNoseyNa+F"
    "/StCARWnlWLHFtlKHvtQlUI78zX1gkB+ENJ/3jgtvV4BxV/R+ZB/pQHQ3EpU1tsKJACN6cLW6mjK9lZtmcQaoMk0zkySdiFaSNIzaZEcAAMGYsDgvE275RJU"
    "rDovytzqq2Dpxeijj/1X252FI+Fb92Pn4bXjtz99vv+zhWd39PMvIw+O3T35bfP1vYsvnyz/2iKnNzbe3+qcmH86+31qdzW5kY405Z1nN+nWm9F302Jj4vHu"
    "UVFZ76vvh5ADIeYh9W2D7DAOocr3G3Ia8lAGNPTH7aRX2hyiuVKnRucGoGnYFFI6rQJmLWNxEAaxYVGIuTPaOEW4dppx40LNlJPWcBKFilsaS6Op1tIJfw2X"
    "YRPLiAodhMoSiY0OOI5jJgXFyjEa8ICqyHErLLeBUJoTyTH2e+mc05hg1Rro7VpuHcAwAPjwgVIIJqCDhxjxN1CfpH8wyYcwQtkQRgUZwhhXQxhXA7wy10nP"
    "5nWv55Lr1sdDnSzzY783y2cn/BQ3dYgFUdxxY40NogBH/t8lczIKfW9i3vofymI9gvl6v4TyYK6LUudl3RgZStBoTE63wW+RiRoZ"
)

DOCUMENT = "word/document.xml"
WORD = '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU"
    b"\0\0\0\x1aiTXtXML:com.adobe.xmp\0\0\0\0\0<x/>CRCX\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be read as a document, and words that the reason must hold. `size` pads it with NUL up to so many bytes."""

    name: str
    content: bytes
    reason: str
    size: int = 0

    def write(self, folder: Path) -> Path:
        """Write it into the folder."""
        path = write(folder, self.name, self.content)
        if self.size:
            with path.open("r+b") as file:
                file.truncate(self.size)
        return path


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file below the folder, made if missing."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(*pages: str, title: str | None = None) -> bytes:
    """Return a PDF of these pages; a line of text is a line of the page, "" is a page without text. Characters as in Windows-1252."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(pages))), len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for n, page in enumerate(pages):
        objects.append(_page(5 + 2 * n))
        objects.append(_stream(_text(page) if page else b"0 0 100 100 re f"))
    if title is not None:
        objects.append(b"<< /Title <FEFF%s> >>" % title.encode("utf-16-be").hex().encode())
    return pdf_of(objects, info=len(objects) if title is not None else None)


def pdf_of(objects: Sequence[bytes], *, info: int | None = None) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalogue, `info` is the number of the one with the title."""
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    xref = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size %d /Root 1 0 R%s >>" % (len(objects) + 1, b" /Info %d 0 R" % info if info else b"")
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, xref, trailer, len(body))


def pdf_bomb(operators: int) -> bytes:
    """Return a small PDF whose one page unpacks to so many operators that draw text."""
    packed = zlib.compress(b"BT /F1 1 Tf 50 50 Td\n" + b"(aaaa bbbb cccc dddd eeee) Tj\n" * operators + b"ET", 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        _page(5),
        _stream(packed, b"/Filter /FlateDecode "),
    ]
    return pdf_of(objects)


def restricted_pdf() -> bytes:
    """Return an encrypted PDF that opens without a password."""
    return zlib.decompress(base64.b64decode(_RESTRICTED_PDF))


def docx_file(*blocks: tuple[str, object], title: str = "") -> bytes:
    """Return a DOCX of (style, text) and ("table", rows)."""
    document = docx.Document()
    for style, content in blocks:
        if style == "table":
            rows: list[list[str]] = content  # type: ignore[assignment]
            table = document.add_table(rows=len(rows), cols=len(rows[0]))
            for row, cells in zip(table.rows, rows, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
        else:
            document.add_paragraph(str(content), style=style)
    document.core_properties.title = title
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def docx_of(body: str) -> bytes:
    """Return a DOCX whose body is this WordprocessingML."""
    return zip_with(_empty_docx(), replace={DOCUMENT: WORD.format(body).encode()})


def docx_that_lies(megabytes: int) -> bytes:
    """Return a DOCX whose document unpacks to so many megabytes while its directory states 5,000 bytes."""
    xml = WORD.format("<w:p/><!--" + "a" * megabytes * 1_000_000 + "-->").encode()
    return zip_with(_empty_docx(), replace={DOCUMENT: xml}, forge={DOCUMENT: {"file_size": 5_000}})


def zip_with(
    archive: bytes,
    *,
    replace: Mapping[str, bytes] | None = None,
    drop: Sequence[str] = (),
    forge: Mapping[str, Mapping[str, int]] | None = None,
) -> bytes:
    """Return a zip with some members replaced, some left out, and some fields of its directory (file_size, CRC) made untrue."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in drop:
                new.writestr(name, (replace or {}).get(name) or old.read(name))
        for name, fields in (forge or {}).items():
            for field, value in fields.items():  # the directory is written last, from these
                setattr(new.getinfo(name), field, value)
    return stream.getvalue()


def html(*body: str, title: str = "", head: str = "") -> str:
    """Return a page with a menu, an article of these elements and a footer."""
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>{head}</head><body>"
        "<nav><ul><li><a href='/'>Start page</a></li><li><a href='/about'>About us</a></li></ul></nav>"
        f"<article>{''.join(body)}</article><footer><p>Cookie settings</p></footer></body></html>"
    )


def filler(n: int = 6) -> str:
    """Return a paragraph that is long enough for an article, without a figure."""
    return (
        "<p>"
        + " ".join(f"Bone metastases are common, and sentence {_letter(k)} says so once more in plain words." for k in range(n))
        + "</p>"
    )


def write_good_library(folder: Path) -> dict[str, str]:
    """Write eight readable files: the five formats, two names that need care, a folder named like a file; return name -> a sentence of each."""
    files: dict[str, tuple[str | bytes, str]] = {
        "leaflet.md": ("# Leaflet on walking\n\nTwo sticks take a third of the load off a painful hip.\n", "Two sticks take a third of the load off a painful hip."),
        "notes.txt": ("Pamidronate is infused over two hours.\n", "Pamidronate is infused over two hours."),
        "page.html": (html(filler(), "<p>Swimming is kind to the spine.</p>", title="Moving"), "Swimming is kind to the spine."),
        "guide.pdf": (pdf("A plaster cast is rarely needed.", "A brace is worn for six weeks.", title="Braces"), "A brace is worn for six weeks."),
        "ward.docx": (docx_file(("Heading 1", "Turning"), ("Normal", "Turn the person every two hours."), title="Ward notes"), "Turn the person every two hours."),
        "a name with spaces.md": ("# Spaces\n\nA commode stands beside the bed.\n", "A commode stands beside the bed."),
        "Übersicht – 骨 (β).txt": ("A raised toilet seat spares the hip.\n", "A raised toilet seat spares the hip."),
        "folder.pdf/leaflet.md": ("# Leaflet on sleep\n\nA firm mattress eases the night.\n", "A firm mattress eases the night."),
    }  # fmt: skip
    for name, (content, _) in files.items():
        write(folder, name, content)
    return {name: sentence for name, (_, sentence) in files.items()}


@lru_cache(maxsize=1)
def broken_files() -> tuple[Broken, ...]:
    """Return one file for each way in which a file is broken."""
    whole_pdf = pdf("Text stands on this page, and it is whole.", "Text stands on the second page, and it is whole too.")
    whole_docx = docx_file(("Normal", "Text stands in this document, and it is whole."))
    sentence = "A sentence stands here, and it is whole."
    return (
        *(Broken(f"empty.{kind}", b"", "empty (0 bytes)") for kind in ("md", "txt", "html", "pdf", "docx")),
        Broken("truncated.pdf", whole_pdf[: len(whole_pdf) * 2 // 3], "truncated"),
        Broken("garbage.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 8, "truncated"),
        Broken("garbage-with-an-end.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 8 + b"\n%%EOF\n", "damaged and cannot be opened"),
        Broken("a-page-is-missing.pdf", whole_pdf.replace(b"[4 0 R 6 0 R]", b"[4 0 R 99 0 R]"), "a page cannot be read"),
        Broken("locked.pdf", zlib.decompress(base64.b64decode(_LOCKED_PDF)), "encrypted"),
        Broken("scanned.pdf", pdf("", ""), "scanned"),
        Broken("text.pdf", sentence.encode(), "no PDF"),
        Broken("docx.pdf", whole_docx, "no PDF"),
        Broken("png.pdf", PNG, "no PDF"),
        Broken("pdf.docx", whole_pdf, "no DOCX"),
        Broken("pdf.txt", whole_pdf, "binary"),
        Broken("pdf.md", whole_pdf, "binary"),
        Broken("pdf.html", whole_pdf, "no HTML"),
        Broken("docx.txt", whole_docx, "binary"),
        Broken("docx.md", whole_docx, "binary"),
        Broken("docx.html", whole_docx, "no HTML"),
        Broken("png.txt", PNG, "binary"),
        Broken("jpeg.txt", b"\xff\xd8\xff\xe0" + sentence.encode(), "binary"),
        Broken("latin.txt", "Hypercalcémie is no UTF-8 when it is saved so.".encode("latin-1"), "not UTF-8 (byte 9)"),
        Broken("latin.md", "# Title\n\nHypercalcémie is no UTF-8 when it is saved so.".encode("latin-1"), "not UTF-8 (byte 18)"),
        Broken("nul.txt", sentence.encode() + b"\0" + sentence.encode(), "binary"),
        Broken("punctuation.md", b"# ...\n\n- - - !!! ??? *** ;;; --- ... ((( ))) [[[ ]]]\n", "no text was found"),
        Broken("blanks.txt", b" \n" * 500, "no text was found"),
        Broken("large.html", html(filler()).encode(), "20 MB; at most 10 MB", size=20_000_000),
        Broken("large.txt", sentence.encode(), "12 MB; at most 10 MB", size=12_000_000),
        Broken("large.pdf", whole_pdf, "101 MB; at most 100 MB", size=101_000_000),
        Broken("large.docx", whole_docx, "60 MB; at most 50 MB", size=60_000_000),
        Broken("script.html", f"<html><body><script>var text = '{sentence}';</script></body></html>".encode(), "no article text"),
        Broken("picture.html", b"<html><body><img src='a.png'></body></html>", "no article text"),
        Broken("no-tags.html", sentence.encode(), "no HTML"),
        Broken("truncated.docx", whole_docx[: len(whole_docx) // 2], "truncated"),
        Broken("no-document.docx", zip_with(whole_docx, drop=[DOCUMENT]), "no Word document"),
        Broken("no-content-types.docx", zip_with(whole_docx, drop=["[Content_Types].xml"]), "the DOCX is damaged"),
        Broken("broken-xml.docx", zip_with(whole_docx, replace={DOCUMENT: b"<w:document><w:body>"}), "the DOCX is damaged"),
        Broken("macros.docx", _with_macros(whole_docx), "the DOCX is damaged"),
        Broken("other-xml.docx", zip_with(whole_docx, replace={DOCUMENT: b"<html/>"}), "damaged"),
        Broken("entities.docx", zip_with(whole_docx, replace={DOCUMENT: _billion_laughs()}), "the DOCX is damaged"),
        Broken("bad-checksum.docx", zip_with(whole_docx, forge={DOCUMENT: {"CRC": 0}}), "the DOCX is damaged"),
        Broken("empty-paragraphs.docx", docx_file(("Normal", ""), ("Normal", " ")), "no text was found"),
        Broken("bomb.docx", docx_of("<w:p/>" + " " * 20_000_000), "a zip bomb?"),
        Broken("bomb-within-the-ratio.docx", _large_docx_that_claims(300_000_000), "a zip bomb?"),
        Broken("table.rtf", b"{\\rtf1 Text stands here.}", "format .rtf is not read"),
        Broken("README", sentence.encode(), "format (none) is not read"),
    )


BROKEN_SIDECARS: dict[str, tuple[bytes, str]] = {
    "not YAML": (b"title: [open\n", "is not YAML"),
    "a tab": (b"\ttitle: A\n", "is not YAML"),
    "not UTF-8": ("title: Hypercalcémie\n".encode("latin-1"), "is not YAML"),
    "a Python object": (b"title: !!python/object/apply:os.getcwd []\n", "is not YAML"),
    "a list": (b"- title\n- year\n", "the whole"),
    "a sentence": (b"just words\n", "the whole"),
    "a year in words": (b"year: soon\n", "year: Input should be a valid integer"),
    "a year long ago": (b"year: 1066\n", "year: Input should be greater than or equal to 1900, found 1066"),
    "a year to come": (b"year: 2101\n", "year: Input should be less than or equal to 2100, found 2101"),
    "no year": (b"year: 0\n", "year: Input should be greater than or equal to 1900, found 0"),
    "an unknown kind": (b"kind: leaflet\n", "kind: "),
    "no web address": (b"url: file:///etc/passwd\n", "url: "),
    "an endless title": (b"title: " + b"x" * 301 + b"\n", "title: "),
    "a title that is a list": (b"title: [a, b]\n", "title: "),
}


def write_many(folder: Path, n: int, *, broken: int) -> set[str]:
    """Write n files of the five formats, `broken` of them unreadable, spread over folders; return the names of the broken ones."""
    shapes = [shape for shape in broken_files() if not shape.size and len(shape.content) < 100_000]
    names = set()
    for k in range(n):
        place = f"{k % 7}/{k:04}"
        if k < broken:
            shape = shapes[k % len(shapes)]
            names.add(write(folder, f"{place}-{shape.name}", shape.content).relative_to(folder).as_posix())
            continue
        says = f"Remedy {_letter(k)} is taken {k} times. Trial {_letter(k)} had {k} people."
        kind = ("md", "txt", "html", "pdf", "docx")[k % 5]
        write(folder, f"{place}.{kind}", _content(kind, f"Remedy {k}", says))
    return names


def _content(kind: str, title: str, says: str) -> str | bytes:
    match kind:
        case "md":
            return f"# {title}\n\n## Use\n\n{says}\n"
        case "html":
            return html(f"<h1>{title}</h1>", f"<p>{says}</p>", title=title)
        case "pdf":
            return pdf(says, title=title)
        case "docx":
            return docx_of(f"<w:p><w:r><w:t>{says}</w:t></w:r></w:p>")
        case _:
            return says


def _letter(k: int) -> str:
    """Return a word that differs for each number. Example: 0 -> "a", 27 -> "bb"."""
    word = ""
    while True:
        word = "abcdefghijklmnopqrstuvwxyz"[k % 26] + word
        k = k // 26
        if k == 0:
            return word


def _page(contents: int) -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % contents


def _stream(content: bytes, fields: bytes = b"") -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (fields, len(content), content)


def _text(page: str) -> bytes:
    lines = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252") for line in page.split("\n")]
    return b"BT /F1 11 Tf 14 TL 50 780 Td\n" + b"".join(b"(%s) Tj T*\n" % line for line in lines) + b"ET"


@lru_cache(maxsize=1)
def _empty_docx() -> bytes:
    return docx_file()


def _with_macros(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        types = members.read("[Content_Types].xml")
    plain, macros = b"openxmlformats-officedocument.wordprocessingml.document.main", b"ms-word.document.macroEnabled.main"
    return zip_with(archive, replace={"[Content_Types].xml": types.replace(plain, macros)})


def _billion_laughs() -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "laugh">{levels}]>'
    return WORD.format("<w:p><w:r><w:t>&e9;</w:t></w:r></w:p>").replace("<w:document", doctype + "<w:document").encode()


def _large_docx_that_claims(size: int) -> bytes:
    """Return a DOCX of 2 MB, so that the ratio is no bomb's, whose document claims so many bytes."""
    archive = zip_with(_empty_docx(), replace={"docProps/thumbnail.jpeg": hashlib.shake_256(b"").digest(2_000_000)})
    return zip_with(archive, forge={DOCUMENT: {"file_size": size}})
