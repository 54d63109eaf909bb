"""Settings values -> a LangChain chat model. One client path for hosted, self-hosted and local models.

A local GGUF file is served on loopback by `rag/local_llm.py` and reached like any OpenAI-compatible server. Knows no prompt.
"""

import importlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import SettingsError
from rag.turnstile import Turnstile

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

PROVIDERS = {
    "openai": ("langchain_openai", "ChatOpenAI"),
    "anthropic": ("langchain_anthropic", "ChatAnthropic"),
    "ollama": ("langchain_ollama", "ChatOllama"),
}


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A chat model with the name that answers and the page show, and whether it is the small local one."""

    chat: "BaseChatModel"
    name: str
    is_local: bool
    server: object = None  # the local model's server: it runs as long as something holds it
    line: Turnstile | None = None  # before a model that answers one question at a time


def remote_model(spec: str, *, base_url: str | None, api_key: str | None, timeout_s: float, retries: int, max_tokens: int) -> LanguageModel:
    """Return a chat model named as `provider:name`, or the one at `base_url`.

    Args:
        spec: "openai:NAME", "anthropic:NAME", "ollama:NAME"; with `base_url` also "auto".
        base_url: Address of an OpenAI-compatible server (or of Ollama), or None for the provider's own.
        api_key: Key, or None to let the provider's library find its own variable.
        timeout_s: Longest wait for one call, seconds.
        retries: Retries of a failed call.
        max_tokens: Output tokens of one call.

    Raises:
        SettingsError: the provider is unknown, its package is not installed, or its key is missing.
    """
    provider, name = check_spec(spec, base_url)
    if provider == "anthropic" and not api_key and not os.environ.get("ANTHROPIC_API_KEY"):
        raise SettingsError(f"RAG_LLM={spec}: no key is set (set RAG_LLM_API_KEY or ANTHROPIC_API_KEY).")
    module_name, class_name = PROVIDERS[provider]
    try:
        chat_class = getattr(importlib.import_module(module_name), class_name)
    except ImportError as exc:
        raise SettingsError(f"RAG_LLM={spec} needs the package {module_name.replace('_', '-')}; run 'make install'.") from exc
    options = _options(provider, name, base_url, api_key, timeout_s, retries, max_tokens)
    try:
        return LanguageModel(chat=chat_class(**options), name=name, is_local=False)
    except Exception as exc:  # each library raises its own kind when a key is missing
        raise SettingsError(
            f"RAG_LLM={spec}: {str(exc).splitlines()[0][:160]} (set RAG_LLM_API_KEY or the provider's own variable)."
        ) from exc


def check_spec(spec: str, base_url: str | None) -> tuple[str, str]:
    """Return provider and model name of a `RAG_LLM` that names a remote model.

    Raises:
        SettingsError: the provider is unknown, or the name is missing.
    """
    provider, _, name = spec.partition(":")
    if base_url and spec == "auto":
        return "openai", "default"
    if provider not in PROVIDERS or not name.strip():
        known = ", ".join(f"{one}:NAME" for one in PROVIDERS)
        raise SettingsError(f"RAG_LLM is {spec!r}; expected auto, none, local, or one of {known}.")
    return provider, name


def local_model(base_url: str, name: str, *, server: object, timeout_s: float, max_tokens: int) -> LanguageModel:
    """Return the chat model of a GGUF file that `server` serves at `base_url`."""
    from langchain_openai import ChatOpenAI

    options = _options("openai", name, base_url, "local", timeout_s, 0, max_tokens)
    return LanguageModel(chat=ChatOpenAI(**options), name=name, is_local=True, server=server, line=Turnstile())


def _options(
    provider: str, name: str, base_url: str | None, api_key: str | None, timeout_s: float, retries: int, max_tokens: int
) -> dict[str, Any]:
    if provider == "ollama":
        options: dict[str, Any] = {"model": name, "temperature": 0, "num_predict": max_tokens, "client_kwargs": {"timeout": timeout_s}}
    else:
        options = {"model": name, "temperature": 0, "max_tokens": max_tokens, "timeout": timeout_s, "max_retries": retries}
        if provider == "openai":
            options["use_responses_api"] = False  # what every OpenAI-compatible server speaks is chat completions
        if api_key or base_url:
            options["api_key"] = api_key or "not-needed"
    if base_url:
        options["base_url"] = base_url
    return options
