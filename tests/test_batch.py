"""Many lines in, as many lines out: a bad line gets an error in its place, and the output appears whole or not at all.

`each_line` is tested with work of our own; what the commands do with it is in `test_main.py`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.batch import each_line, verify_row
from rag.errors import QuestionError, VectorIndexError
from rag.verify import checker
from tests.fakes import HashingEmbedder


def no_progress(lines: Iterator[str], total: int) -> Iterator[str]:
    return lines


def echo(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row.get("id"), "seen": row}


class Batch:
    """A batch in a temporary folder: its input bytes, and its output as rows."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "in.jsonl", folder / "out.jsonl"

    def run(self, content: str | bytes, work: Callable[[dict[str, Any]], dict[str, Any]] = echo) -> list[dict[str, Any]]:
        self.source.write_bytes(content if isinstance(content, bytes) else content.encode())
        done, failed = each_line(self.source, self.target, work, progress=no_progress)
        rows = [json.loads(line, parse_constant=_refuse) for line in self.target.read_text(encoding="utf-8").split("\n")[:-1]]
        assert (done, failed) == (len(rows), sum(row.get("status") == "error" for row in rows))
        return rows


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


def test_each_line_gives_one_row_in_its_place(batch: Batch) -> None:
    rows = batch.run('{"id": 1}\n{"id": 2}\n{"id": 3}\n')
    assert [row["id"] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("no JSON", "not JSON"),
        ("{'id': 1}", "not JSON"),
        ('{"id": 1', "not JSON"),
        ('{"id": 1} {"id": 2}', "not JSON"),
        ("{", "not JSON"),
        ("\x00", "not JSON"),
        ("😀", "not JSON"),
        ("<html></html>", "not JSON"),
        ("a" * 100_000, "not JSON"),
        ("1" * 5_000, "not JSON"),  # more digits than Python reads
        ("[1, 2]", "list"),
        ('"text"', "str"),
        ("5", "int"),
        ("true", "bool"),
        ("null", "NoneType"),
    ],
)
def test_a_bad_line_gets_an_error_in_its_place_and_stops_nothing(batch: Batch, line: str, named: str) -> None:
    first, bad, last = batch.run(f'{{"id": "a"}}\n{line}\n{{"id": "b"}}\n')
    assert (first["id"], last["id"]) == ("a", "b")
    assert (bad["id"], bad["status"]) == (None, "error")
    assert named in bad["reason"]
    assert len(bad["reason"]) < 300


def test_an_error_of_ours_becomes_the_rows_error(batch: Batch) -> None:
    def fail(row: dict[str, Any]) -> dict[str, Any]:
        raise VectorIndexError("no index; run this.")

    assert batch.run('{"id": "x", "question": "q"}', fail) == [{"id": "x", "status": "error", "reason": "no index; run this."}]


@pytest.mark.parametrize("content", ["", "\n\n", "  \n\t\n"])
def test_no_lines_give_no_rows(batch: Batch, content: str) -> None:
    assert batch.run(content) == []


@pytest.mark.parametrize("content", ['{"id": 1}\n\n{"id": 2}', '{"id": 1}\r\n{"id": 2}\r\n', '\n  {"id": 1}  \n{"id": 2}\n\n'])
def test_blank_lines_and_line_ends_do_not_matter(batch: Batch, content: str) -> None:
    assert [row["id"] for row in batch.run(content)] == [1, 2]


@pytest.mark.parametrize("text", ["Hyperkalzämie – µmol/L ≥ 3", "骨转移", "😀", "\\ud83d\\ude00", "a\\nb", "a\\u0000b"])
def test_any_writing_comes_through(batch: Batch, text: str) -> None:
    line = f'{{"id": "{text}"}}'
    assert batch.run(line)[0]["id"] == json.loads(line)["id"]


def test_bytes_that_are_no_text_do_not_stop_the_batch(batch: Batch) -> None:
    rows = batch.run(b'{"id": "a\xff"}\n{"id": 2}\n')
    assert len(rows) == 2
    assert rows[1]["id"] == 2


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_a_line_ends_at_a_line_feed_only(batch: Batch, character: str) -> None:
    (row,) = batch.run(json.dumps({"id": f"one{character}line"}, ensure_ascii=False))
    assert row["id"] == f"one{character}line"


def test_half_a_surrogate_pair_does_not_stop_the_batch(batch: Batch) -> None:
    rows = batch.run('{"id": "\\ud800"}\n{"id": 2}\n')
    assert len(rows) == 2
    assert rows[1]["id"] == 2


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_nesting_does_not_stop_the_batch(batch: Batch, line: str) -> None:
    bad, good = batch.run(f'{line}\n{{"id": 2}}\n')
    assert bad["status"] == "error"
    assert good["id"] == 2


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_the_output_is_json_whatever_the_input(batch: Batch, constant: str) -> None:
    assert len(batch.run(f'{{"id": {constant}}}')) == 1


def test_the_old_output_stands_until_the_new_one_is_whole(batch: Batch) -> None:
    batch.target.write_text("old")
    seen = []

    def look(row: dict[str, Any]) -> dict[str, Any]:
        seen.append(batch.target.read_text())
        return {"id": row["id"]}

    batch.run('{"id": 1}\n{"id": 2}\n', look)
    assert seen == ["old", "old"]
    assert batch.target.read_text() == '{"id": 1}\n{"id": 2}\n'


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), RuntimeError("a bug")], ids=["stopped", "crashed"])
def test_an_interrupted_batch_leaves_the_old_output_and_no_half_file(batch: Batch, interruption: BaseException) -> None:
    batch.target.write_text("old")

    def interrupt(row: dict[str, Any]) -> dict[str, Any]:
        if row["id"] == 2:
            raise interruption
        return row

    with pytest.raises(type(interruption)):
        batch.run('{"id": 1}\n{"id": 2}\n', interrupt)
    assert batch.target.read_text() == "old"
    assert sorted(path.name for path in batch.target.parent.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_finished_batch_leaves_no_other_file(batch: Batch) -> None:
    batch.run('{"id": 1}\nbad\n')
    assert sorted(path.name for path in batch.target.parent.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_the_output_may_be_the_input(tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    path.write_text('{"id": 1}\n')
    each_line(path, path, echo, progress=no_progress)
    assert json.loads(path.read_text())["id"] == 1


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_an_input_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(QuestionError, match="cannot be read"):
        each_line(tmp_path / name, tmp_path / "out.jsonl", echo, progress=no_progress)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    "name",
    [
        "no-folder/out.jsonl",
        "folder",
        pytest.param(
            "in.jsonl/out.jsonl",
        ),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1}\n')
    (tmp_path / "folder").mkdir()
    with pytest.raises(QuestionError, match="cannot be written"):
        each_line(tmp_path / "in.jsonl", tmp_path / name, echo, progress=no_progress)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "in.jsonl"]


def test_without_an_output_rows_go_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": "ä"}\nbad\n')
    assert each_line(tmp_path / "in.jsonl", None, echo, progress=no_progress) == (2, 1)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == ["ä", None]
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_progress_is_told_how_many_lines_there_are(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1}\n\n{"id": 2}\nbad\n')
    totals = []

    def progress(lines: Iterator[str], total: int) -> Iterator[str]:
        totals.append(total)
        return lines

    each_line(tmp_path / "in.jsonl", tmp_path / "out.jsonl", echo, progress=progress)
    assert totals == [3]


# -- verify


CLAIM = "MRI should be done within 24 hours."


def check(**row: Any) -> dict[str, Any]:
    return verify_row(row, checker(HashingEmbedder()))


def test_a_supported_claim_names_its_passage_from_zero() -> None:
    row = check(id="c1", sentence=CLAIM, passages=["Denosumab is given.", f"NICE says so. {CLAIM}"])
    assert list(row) == ["id", "verdict", "support", "passage", "reason"]
    assert (row["id"], row["verdict"], row["passage"]) == ("c1", "supported", 1)
    assert 0.5 <= row["support"] <= 1
    assert row["reason"]


def test_an_unsupported_claim_names_no_passage_but_a_reason() -> None:
    row = check(id="c2", sentence="MRI should be done within 48 hours.", passages=[CLAIM])
    assert (row["verdict"], row["passage"]) == ("unsupported", None)
    assert row["support"] < 0.5
    assert "48 hours" in row["reason"]


def test_the_word_body_of_a_passage_is_all_there_is_to_rest_on() -> None:
    assert check(sentence="NICE says MRI should be done within 24 hours.", passages=[CLAIM])["verdict"] == "unsupported"


@pytest.mark.parametrize("passages", [[], [""], ["  ", "\n"], ["\x00"], ["<b></b>"], ["😀"], ["骨转移最常见。"], ["|||"]])
def test_passages_without_a_fitting_word_support_nothing(passages: list[str]) -> None:
    assert check(sentence=CLAIM, passages=passages)["verdict"] == "unsupported"


@pytest.mark.parametrize("sentence", ["...", "😀", "骨转移", "<script></script>", "It is.", "\x00 a"])
def test_sentences_without_a_claim_are_unsupported(sentence: str) -> None:
    assert check(sentence=sentence, passages=[CLAIM])["verdict"] == "unsupported"


def test_a_claim_of_many_characters_is_judged() -> None:
    assert check(sentence="MRI should be done within 48 hours. " * 500, passages=[CLAIM])["verdict"] == "unsupported"


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"passages": [CLAIM]}, "sentence"),
        ({"sentence": None, "passages": [CLAIM]}, "sentence"),
        ({"sentence": 5, "passages": [CLAIM]}, "sentence"),
        ({"sentence": "", "passages": [CLAIM]}, "sentence"),
        ({"sentence": "  ", "passages": [CLAIM]}, "sentence"),
        ({"sentence": [CLAIM], "passages": [CLAIM]}, "sentence"),
        ({"sentence": CLAIM}, "passages"),
        ({"sentence": CLAIM, "passages": None}, "passages"),
        ({"sentence": CLAIM, "passages": CLAIM}, "passages"),
        ({"sentence": CLAIM, "passages": {"0": CLAIM}}, "passages"),
        ({"sentence": CLAIM, "passages": [CLAIM, 5]}, "passages"),
        ({"sentence": CLAIM, "passages": [None]}, "passages"),
        ({"sentence": CLAIM, "passages": [{"text": CLAIM}]}, "passages"),
    ],
)
def test_a_claim_of_the_wrong_type_is_refused_by_name(row: dict[str, Any], named: str) -> None:
    with pytest.raises(QuestionError, match=named):
        check(**row)
