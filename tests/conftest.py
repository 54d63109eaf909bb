"""What all tests share: no network but loopback, no settings of the person's machine, a small corpus and its index with a predictable embedder."""

import os
from pathlib import Path

import pytest

os.environ.update(HF_HUB_OFFLINE="1", ANONYMIZED_TELEMETRY="False", GRADIO_ANALYTICS_ENABLED="False", LANGSMITH_TRACING="false")

from rag.build import build_index
from rag.pipeline import Pipeline, build_pipeline
from rag.settings import PROJECT_DIR, Settings
from tests.fakes import HashingEmbedder, write_toy_corpus

TEST_INDEX_DIR = PROJECT_DIR / "var" / "test-index"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("RAG_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toy_settings(tmp_path: Path) -> Settings:
    """Settings of a six-document corpus in a temporary folder, quotes only; the threshold suits the hashing embedder."""
    write_toy_corpus(tmp_path / "corpus")
    return Settings(
        corpus_dir=tmp_path / "corpus",
        library_dir=tmp_path / "library",
        index_dir=tmp_path / "index",
        models_dir=tmp_path / "models",
        llm="none",
        relevance_threshold=0.1,
    )


@pytest.fixture
def toy_pipeline(toy_settings: Settings) -> Pipeline:
    """A pipeline over the toy corpus with a real Chroma on disk and the hashing embedder."""
    embedder = HashingEmbedder()
    build_index(toy_settings, embedder=embedder)
    return build_pipeline(toy_settings, embedder=embedder)


@pytest.fixture(scope="session")
def real_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The real corpus with the real embedding model; quotes only. Its index stays between runs: the fingerprint tells when it is old."""
    settings = Settings(index_dir=TEST_INDEX_DIR, library_dir=tmp_path_factory.mktemp("library"), llm="none")
    build_index(settings)
    return build_pipeline(settings)


@pytest.fixture(scope="session")
def _toy_index(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("toy")
    write_toy_corpus(folder / "corpus")
    places = {name: folder / name.removesuffix("_dir") for name in ("corpus_dir", "library_dir", "index_dir", "models_dir")}
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("RAG_")]:
            environment.delenv(name)
        settings = Settings(**places, llm="none", relevance_threshold=0.1)
    build_index(settings, embedder=HashingEmbedder())
    return settings


@pytest.fixture
def shared_toy(_toy_index: Settings) -> Pipeline:
    """A new pipeline over a toy corpus that is indexed once a session: fast, for tests that change neither corpus nor index."""
    return build_pipeline(_toy_index, embedder=HashingEmbedder())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Page tests come last: Playwright keeps an event loop running in this thread, in which `asyncio.run` cannot be called."""
    items.sort(key=lambda item: "browser" in item.path.parts)
