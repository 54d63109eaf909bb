"""Settings of the evaluations, from the environment with the prefix `EVALS_`. Those of the product keep their own (`RAG_`), and are in force, too."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import SettingsError
from rag.settings import PROJECT_DIR, Settings, load_settings

EVALS_DIR = Path(__file__).resolve().parent


class EvalSettings(BaseSettings):
    """What the evaluations need beyond the product's settings."""

    model_config = SettingsConfigDict(env_prefix="EVALS_", extra="forbid", frozen=True)

    work_dir: Path = Field(PROJECT_DIR / "var" / "evals", description="Indexes of the evaluations, apart from the page's.")
    peers_dir: Path = Field(PROJECT_DIR / "var" / "peers-venv", description="Environment of the pipelines that ours is compared with.")
    runs_dir: Path = Field(EVALS_DIR / "runs", description="One JSON-lines file a run, reports, and the cache; git-ignored.")
    sample: int = Field(60, ge=1, description="Questions of the stratified sample that a language model answers.")
    judge: str = Field(
        "local", min_length=1, description="Who judges: local, or openai:NAME, the latter also any OpenAI-compatible server."
    )
    judge_engine: Literal["quotes", "select", "compose"] = Field("select", description="Whose answers are judged.")
    judge_base_url: str | None = Field(None, description="Address of an OpenAI-compatible server for the judge.")
    judge_api_key: SecretStr | None = Field(None, description="Key for the judge; else OPENAI_API_KEY.")
    judge_pairs: int = Field(24, ge=4, le=24, description="Planted good and bad answers that the judge is judged on.")
    judge_sample: int = Field(10, ge=1, description="Answered questions that are judged.")
    judge_runs: int = Field(3, ge=1, le=10, description="Times each is judged; the mean and the spread are reported.")
    judge_timeout_s: float = Field(600.0, gt=0, description="Longest wait for one reply of the judge, seconds: the local model is slow.")


def load_eval_settings() -> EvalSettings:
    """Return the evaluations' settings.

    Raises:
        SettingsError: a value is out of its bounds.
    """
    try:
        return EvalSettings()
    except ValidationError as exc:
        first = exc.errors()[0]
        name = "EVALS_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"setting {name}: {first['msg']}, found {first['input']!r:.80}.") from exc


def product_settings(work_dir: Path, *, library: Path | None = None, llm: str = "none") -> Settings:
    """Return the product's settings as the environment has them, with an index of its own and no library but the one given."""
    name = library.name if library else "corpus"
    return load_settings(index_dir=work_dir / f"index-{name}", library_dir=library or work_dir / "no-library", llm=llm)
