"""Every tunable of Osseous, with its unit and the reason for its value. Data only: builds nothing, reads no file.

Environment variables have the prefix `RAG_` (`RAG_K=6`). Constructed in `app.py`, `evals/` and `rag/__main__.py` only;
`rag/pipeline.py` unpacks it, and rooms take plain values.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import SettingsError

PROJECT_DIR = Path(__file__).resolve().parent.parent

EngineChoice = Literal["auto", "quotes", "select", "compose"]


def load_settings(**given: object) -> "Settings":
    """Return the settings of the environment, with the given ones in their place.

    Raises:
        SettingsError: a value is out of its bounds, or a variable with our prefix is no setting; never shows a secret.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as exc:
        first = exc.errors()[0]
        if not first["loc"]:
            raise SettingsError(first["msg"].removeprefix("Value error, ") + ".") from exc
        name = "RAG_" + "__".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"setting {name}: {first['msg']}, found {first['input']!r:.80}.") from exc


class Settings(BaseSettings):
    """All settings. Unknown keyword arguments are refused; values are checked against their bounds."""

    model_config = SettingsConfigDict(env_prefix="RAG_", env_nested_delimiter="__", extra="forbid", frozen=True)

    # -- where things are
    corpus_dir: Path = Field(PROJECT_DIR / "corpus", description="Folder of Markdown documents with front matter.")
    library_dir: Path = Field(
        PROJECT_DIR / "library", description="Folder of documents that a person adds: Markdown, text, HTML, PDF, DOCX; may be absent."
    )
    index_dir: Path = Field(PROJECT_DIR / "var" / "index", description="Folder of the Chroma index: a cache, rebuilt from the corpus.")
    models_dir: Path = Field(
        Path.home() / ".cache" / "osseous" / "models", description="Local language models; outside the repository, shared by clones."
    )
    feedback_db: Path = Field(
        PROJECT_DIR / "var" / "feedback.sqlite3", description="SQLite file of what people judged of answers; made with the first judgement."
    )

    # -- embedding and chunks
    embedding_model: str = Field(
        "all-MiniLM-L6-v2", min_length=1, description="The packaged model, or any sentence-transformers name or path."
    )
    embedding_adapter: str = Field(
        "auto",
        min_length=1,
        description="Trained change of the embedding model's weights: auto (ours, with the packaged model only), none, or a file.",
    )
    chunk_tokens: int = Field(
        200, ge=64, le=8192, description="Word pieces a chunk with its header may have. all-MiniLM-L6-v2 cuts at 256 without a word."
    )

    # -- retrieval
    k: int = Field(
        10, ge=1, le=50, description="Passages retrieved for a query; the evidence of nearly every question is among the first ten."
    )
    dense_weight: float = Field(1.0, ge=0, le=10, description="Weight of the dense ranking in rank fusion.")
    bm25_weight: float = Field(
        0.6, ge=0, le=10, description="Weight of BM25. Below 1: equal weights lost at rank 1 on the NIH cancer questions."
    )
    fusion_offset: int = Field(20, ge=0, le=1000, description="Rank offset of reciprocal rank fusion; smaller trusts the first ranks more.")
    relevance_threshold: float = Field(
        0.35,
        ge=0,
        le=1,
        description="Chance of an answer below which the library declines: by python -m evals.calibrate 2% of answerable dev questions, 95% of the others.",
    )

    # -- answers
    engine: EngineChoice = Field("auto", description="auto: select with the local model, compose with a remote one, quotes with none.")
    max_sentences: int = Field(5, ge=1, le=10, description="Sentences of a verbatim answer: three to five read well.")
    max_question_chars: int = Field(2000, ge=10, le=20000, description="Longest question, characters; longer text is no question.")

    # -- the language model
    llm: str = Field(
        "auto", min_length=1, description="auto, none, local, or a LangChain chat model as provider:name (openai:, anthropic:, ollama:)."
    )
    llm_base_url: str | None = Field(None, description="Address of an OpenAI-compatible server; then RAG_LLM is openai:NAME or auto.")
    llm_api_key: SecretStr | None = Field(None, description="Key for the remote model; else the provider's own variable.")
    llm_timeout_s: float = Field(60.0, gt=0, le=600, description="Longest wait for the model, seconds; then quotes stand.")
    llm_retries: int = Field(1, ge=0, le=5, description="Retries of a failed model call.")
    llm_max_tokens: int = Field(320, ge=16, le=4096, description="Output tokens of one call; an answer has at most five short sentences.")
    llm_threads: int = Field(0, ge=0, le=256, description="Threads of the local model; 0 takes the machine's cores.")
    llm_context_tokens: int = Field(4096, ge=1024, le=131072, description="Context window of the local model, tokens.")
    local_model: Literal["1.5b", "0.5b"] = Field("1.5b", description="Which local model runs; the smaller is faster and weaker.")
    compose_passages: int = Field(
        8, ge=1, le=50, description="Passages offered to the model in compose, best first: time is prompt tokens."
    )
    select_candidates: int = Field(8, ge=2, le=40, description="Sentences offered to the model in select, at most.")
    select_chars: int = Field(
        700, ge=200, le=20000, description="Characters of those sentences together: time is prompt tokens, some 60 a second on two cores."
    )

    # -- the page
    host: str = Field("127.0.0.1", description="Address the page listens on; loopback unless a person decides otherwise.")
    port: int = Field(7860, ge=1, le=65535, description="Port of the page.")
    report: Path = Field(
        PROJECT_DIR / "evals" / "runs" / "report.html",
        description="Report of the evaluations that the page shows in a tab when it is there.",
    )
    mcp: bool = Field(False, description="Whether the page is an MCP server, too, so that an assistant can use the library.")

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_variable(cls, values: object) -> object:
        known = {f"RAG_{name.upper()}" for name in cls.model_fields}
        unknown = sorted(name for name in os.environ if name.startswith("RAG_") and name not in known)
        if unknown:
            raise ValueError(f"{unknown[0]} is no setting of Osseous; see rag/settings.py for their names")
        return values

    @field_validator("corpus_dir", "library_dir", "index_dir", "models_dir", "feedback_db", "report")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return value.expanduser()
