"""rag.load: what a corpus file must be, and which file and field an error names when it is not."""

from pathlib import Path

import pytest

from rag.errors import CorpusError
from rag.load import MAX_FILE_BYTES, load_corpus, load_document
from tests.fakes import TOY_DOCUMENTS, front_matter, write_toy_corpus

BODY = "# A title\n\n## What is it?\n\nA sentence.\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def error_of(folder: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        load_corpus(folder)
    return str(caught.value)


def test_reads_every_document_with_its_fields_in_the_order_of_paths(tmp_path: Path) -> None:
    documents = load_corpus(write_toy_corpus(tmp_path))
    assert [document.path for document in documents] == sorted(TOY_DOCUMENTS)
    sins = next(document for document in documents if document.source.document_id == "sins")
    assert (sins.source.publisher, sins.source.kind, sins.source.year, sins.source.status) == ("SOSG", "score", 2010, "current")
    assert (sins.source.superseded_by, sins.source.doi, sins.source.reviewed) == (None, None, "2026-01-01")


def test_text_is_the_whole_file_and_the_body_begins_after_the_front_matter(tmp_path: Path) -> None:
    path = write(tmp_path, "sub/a.md", front_matter() + BODY)
    document = load_document(path, tmp_path)
    assert document.path == "sub/a.md"
    assert document.text == front_matter() + BODY
    assert document.text[document.body_start :].strip() == BODY.strip()


@pytest.mark.parametrize(
    ("shape", "raw"),
    [
        ("byte order mark", b"\xef\xbb\xbf" + (front_matter() + BODY).encode()),
        ("Windows line ends", (front_matter() + BODY).replace("\n", "\r\n").encode()),
        ("blanks after the closing line", front_matter().replace("\n---\n", "\n---  \t\n").encode() + BODY.encode()),
        ("dashes in a value", front_matter(title="Before --- after").encode() + BODY.encode()),
        ("a rule in the body", (front_matter() + BODY + "\n---\n\nMore.\n").encode()),
        ("an unquoted date", (front_matter().replace('"2026-01-01"', "2026-01-01") + BODY).encode()),
        ("no year", (front_matter(year=None) + BODY).encode()),
        ("optional fields left out", (front_matter(url=..., doi=..., superseded_by=...) + BODY).encode()),
    ],
)
def test_reads_harmless_variants_of_a_file(tmp_path: Path, shape: str, raw: bytes) -> None:
    write(tmp_path, "a.md", raw)
    (document,) = load_corpus(tmp_path)
    assert document.source.document_id == "doc"
    assert document.source.reviewed == "2026-01-01"
    assert document.text[document.body_start :].strip().startswith(BODY.strip())
    assert "\r" not in document.text
    assert not document.text.startswith("\ufeff")


@pytest.mark.parametrize("field", ["id", "title", "publisher", "jurisdiction", "kind", "year", "status", "rights", "checked", "reviewed"])
def test_names_file_and_field_when_a_field_is_missing(tmp_path: Path, field: str) -> None:
    write(tmp_path, "sub/a.md", front_matter(**{field: ...}) + BODY)
    message = error_of(tmp_path)
    assert "sub/a.md" in message
    assert repr(field) in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Bad Id"),
        ("id", "-a"),
        ("id", 5),
        ("id", "a" * 81),
        ("title", ""),
        ("title", "   x   "),
        ("title", None),
        ("title", "x" * 301),
        ("publisher", ["NICE", "ESMO"]),
        ("publisher", "N"),
        ("jurisdiction", "UK"),
        ("kind", "recipe"),
        ("kind", "Guideline"),
        ("kind", None),
        ("year", "next"),
        ("year", ""),
        ("year", 1066),
        ("year", 20230),
        ("year", 2020.5),
        ("year", True),
        ("year", [2020]),
        ("status", "old"),
        ("superseded_by", 5),
        ("url", "example.org"),
        ("url", "javascript:alert(1)"),
        ("url", "https://a b"),
        ("doi", "doi:10.1200/JCO"),
        ("doi", "https://doi.org/10.1200/JCO"),
        ("rights", ""),
        ("checked", "maybe"),
        ("reviewed", "yesterday"),
        ("reviewed", "2026-13-01"),
        ("reviewed", "2026-01-01T10:00:00"),
        ("publsher", "a field with a typing error"),
    ],
)
def test_names_file_field_and_value_when_a_field_is_wrong(tmp_path: Path, field: str, value: object) -> None:
    write(tmp_path, "a.md", front_matter(**{field: value}) + BODY)
    message = error_of(tmp_path)
    assert message.startswith("a.md: ")
    assert repr(field) in message
    assert f"found {value!r}" in message


@pytest.mark.parametrize(
    ("shape", "raw", "says"),
    [
        ("NUL in the body", front_matter().encode() + b"A\0B", "NUL"),
        ("Latin-1", front_matter().encode() + "Hypercalcämie".encode("latin-1"), "not UTF-8"),
        ("UTF-16", (front_matter() + BODY).encode("utf-16"), "not UTF-8"),
        ("no front matter", BODY.encode(), "no front matter"),
        ("empty file", b"", "no front matter"),
        ("front matter not closed", b"---\nid: doc\n" + BODY.encode(), "no front matter"),
        ("front matter not first", b"\n" + (front_matter() + BODY).encode(), "no front matter"),
        ("unquoted colon", (front_matter() + BODY).replace('"A title"', "NICE: a title: x").encode(), "not YAML"),
        ("tab before a field", b"---\n\tid: doc\n---\n\n" + BODY.encode(), "not YAML"),
        ("open quotation mark", (front_matter() + BODY).replace('"A title"', '"A title').encode(), "not YAML"),
        ("a tag that would run code", b"---\nid: !!python/object/apply:os.getcwd []\n---\n\n" + BODY.encode(), "not YAML"),
        ("a list in place of fields", b"---\n- a\n- b\n---\n\n" + BODY.encode(), "'id'"),
        ("a word in place of fields", b"---\nhello\n---\n\n" + BODY.encode(), "'id'"),
        ("no body", front_matter().encode(), "body is empty"),
        ("a body of white space", front_matter().encode() + b" \n\t\n\n", "body is empty"),
        ("too large", front_matter().encode() + b"x" * MAX_FILE_BYTES, "split the document"),
    ],
)
def test_names_the_file_and_the_problem_of_a_broken_file(tmp_path: Path, shape: str, raw: bytes, says: str) -> None:
    write(tmp_path, "good.md", front_matter(id="good") + BODY)
    write(tmp_path, "sub/broken.md", raw)
    message = error_of(tmp_path)
    assert message.startswith("sub/broken.md: ")
    assert says in message


def test_reads_a_file_of_exactly_the_largest_size(tmp_path: Path) -> None:
    head = front_matter().encode()
    write(tmp_path, "a.md", head + b"x" * (MAX_FILE_BYTES - len(head)))
    assert len(load_corpus(tmp_path)) == 1


@pytest.mark.parametrize("line", [2, 3, 5])
def test_gives_the_line_of_a_yaml_error_as_an_editor_counts_it(tmp_path: Path, line: int) -> None:
    lines = (front_matter() + BODY).split("\n")
    lines[line - 1] = "\t" + lines[line - 1]
    write(tmp_path, "a.md", "\n".join(lines))
    assert f"line {line} " in error_of(tmp_path)


def test_refuses_two_documents_with_one_id_and_names_both_files(tmp_path: Path) -> None:
    write(tmp_path, "a.md", front_matter(id="same") + BODY)
    write(tmp_path, "b/c.md", front_matter(id="same") + BODY)
    message = error_of(tmp_path)
    assert all(part in message for part in ("a.md", "b/c.md", "'same'"))


def test_refuses_a_successor_that_is_no_document(tmp_path: Path) -> None:
    write(tmp_path, "old.md", front_matter(id="old", status="superseded", superseded_by="newer") + BODY)
    message = error_of(tmp_path)
    assert all(part in message for part in ("old.md", "superseded_by", "'newer'"))


def test_accepts_a_successor_that_is_read_later(tmp_path: Path) -> None:
    write(tmp_path, "a-old.md", front_matter(id="old", status="superseded", superseded_by="new") + BODY)
    write(tmp_path, "b-new.md", front_matter(id="new") + BODY)
    assert [document.source.superseded_by for document in load_corpus(tmp_path)] == ["new", None]


def test_refuses_a_successor_of_a_current_document(tmp_path: Path) -> None:
    write(tmp_path, "new.md", front_matter(id="new") + BODY)
    write(tmp_path, "old.md", front_matter(id="old", status="current", superseded_by="new") + BODY)
    message = error_of(tmp_path)
    assert message.startswith("old.md: ")
    assert "field 'superseded_by':" in message


def test_does_not_repeat_all_fields_when_two_of_them_disagree(tmp_path: Path) -> None:
    write(tmp_path, "old.md", front_matter(id="old", status="current", superseded_by="old", rights="Nothing of this belongs here") + BODY)
    assert "Nothing of this belongs here" not in error_of(tmp_path)


def test_refuses_a_document_that_is_its_own_successor(tmp_path: Path) -> None:
    write(tmp_path, "old.md", front_matter(id="old", status="superseded", superseded_by="old") + BODY)
    assert "superseded_by" in error_of(tmp_path)


def test_refuses_a_field_that_is_given_twice(tmp_path: Path) -> None:
    write(tmp_path, "a.md", front_matter().replace("kind:", "title: Another title\nkind:") + BODY)
    assert "title" in error_of(tmp_path)


def test_refuses_a_nul_character_written_as_an_escape(tmp_path: Path) -> None:
    write(tmp_path, "a.md", front_matter(title="A\0title") + BODY)
    assert "a.md" in error_of(tmp_path)


def test_says_what_to_do_when_the_folder_is_missing(tmp_path: Path) -> None:
    message = error_of(tmp_path / "nowhere")
    assert "nowhere" in message
    assert "--corpus" in message


def test_refuses_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    assert "does not exist" in error_of(write(tmp_path, "a.md", front_matter() + BODY))


@pytest.mark.parametrize("name", [None, "README.md", "sub/README.md", ".hidden/a.md", ".a.md", "notes.txt", "a.md.bak"])
def test_says_that_the_folder_is_empty_when_it_holds_no_document(tmp_path: Path, name: str | None) -> None:
    if name:
        write(tmp_path, name, front_matter() + BODY)
    assert "holds no .md document" in error_of(tmp_path)


def test_reads_documents_in_a_corpus_below_a_hidden_folder(tmp_path: Path) -> None:
    write(tmp_path, ".cache/corpus/a.md", front_matter() + BODY)
    assert len(load_corpus(tmp_path / ".cache" / "corpus")) == 1


def test_ignores_a_folder_and_a_broken_link_that_are_named_like_documents(tmp_path: Path) -> None:
    write(tmp_path, "folder.md/a.md", front_matter() + BODY)
    (tmp_path / "link.md").symlink_to("nowhere.md")
    assert [document.path for document in load_corpus(tmp_path)] == ["folder.md/a.md"]
