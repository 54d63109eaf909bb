"""rag.settings: bounds, names in the environment, and what a wrong setting is told."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from rag.settings import Settings


def test_defaults_need_no_environment_and_build_nothing(tmp_path: Path) -> None:
    settings = Settings(index_dir=tmp_path / "index", models_dir=tmp_path / "models")
    assert (settings.corpus_dir / "article").is_dir()
    assert settings.llm == "auto"
    assert settings.engine == "auto"
    assert settings.host == "127.0.0.1"
    assert list(tmp_path.iterdir()) == []


def test_reads_the_environment_under_its_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAG_K", "6")
    monkeypatch.setenv("RAG_CORPUS_DIR", str(tmp_path))
    monkeypatch.setenv("rag_llm", "none")
    monkeypatch.setenv("K", "7")
    settings = Settings()
    assert (settings.k, settings.corpus_dir, settings.llm) == (6, tmp_path, "none")


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_K", "6")
    assert Settings(k=3).k == 3


BOUNDS = {
    "chunk_tokens": (64, 8192),
    "k": (1, 50),
    "dense_weight": (0, 10),
    "bm25_weight": (0, 10),
    "fusion_offset": (0, 1000),
    "relevance_threshold": (0, 1),
    "max_sentences": (1, 10),
    "max_question_chars": (10, 20000),
    "llm_retries": (0, 5),
    "llm_max_tokens": (16, 4096),
    "llm_threads": (0, 256),
    "llm_context_tokens": (1024, 131072),
    "select_candidates": (2, 40),
    "select_chars": (200, 20000),
    "port": (1, 65535),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_accepts_the_bounds_and_refuses_what_lies_beyond(name: str) -> None:
    lowest, highest = BOUNDS[name]
    assert getattr(Settings(**{name: lowest}), name) == lowest
    assert getattr(Settings(**{name: highest}), name) == highest
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(ValidationError, match=name):
            Settings(**{name: beyond})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", "many"),
        ("k", 2.5),
        ("relevance_threshold", float("nan")),
        ("relevance_threshold", 1.001),
        ("embedding_model", ""),
        ("llm", ""),
        ("llm_timeout_s", 0),
        ("llm_timeout_s", 601),
        ("llm_timeout_s", float("inf")),
        ("local_model", "7b"),
        ("engine", "magic"),
    ],
)
def test_refuses_a_wrong_value_by_name_also_from_the_environment(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})
    monkeypatch.setenv(f"RAG_{name.upper()}", str(value))
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_refuses_an_unknown_argument() -> None:
    with pytest.raises(ValidationError, match="top_k"):
        Settings(top_k=3)


def test_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().k = 3


def test_opens_the_home_folder_in_every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [name for name, field in Settings.model_fields.items() if field.annotation is Path]
    assert {"corpus_dir", "index_dir", "models_dir", "feedback_db"} <= set(paths)
    for name in paths:
        monkeypatch.setenv(f"RAG_{name.upper()}", "~/somewhere")
        assert getattr(Settings(), name) == Path.home() / "somewhere"


def test_models_lie_below_the_home_folder() -> None:
    assert Settings().models_dir.is_relative_to(Path.home())


def test_a_key_is_not_shown() -> None:
    settings = Settings(llm_api_key="sk-123456")
    assert "sk-123456" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "sk-123456"


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_refuses_a_misspelt_variable_of_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CHUNK_TOKEN", "100")
    with pytest.raises(ValidationError):
        Settings()
