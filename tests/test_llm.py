"""Settings values become a chat model of the right library, with the right address, key, limits; a bad value says what to do.

No provider is contacted: clients are only made, and the one call goes to a scripted server on loopback.
"""

import sys
from typing import Any

import pytest

from rag.errors import SettingsError
from rag.llm import PROVIDERS, LanguageModel, local_model, remote_model
from tests.openai_server import OpenAIServer, words


@pytest.fixture(autouse=True)
def _no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def remote(spec: str, **options: Any) -> LanguageModel:
    given: dict[str, Any] = {"base_url": None, "api_key": None, "timeout_s": 5.0, "retries": 0, "max_tokens": 50}
    return remote_model(spec, **(given | options))


@pytest.mark.parametrize(
    ("spec", "options", "class_name", "name"),
    [
        ("openai:gpt-x", {"api_key": "k"}, "ChatOpenAI", "gpt-x"),
        ("anthropic:claude-x", {"api_key": "k"}, "ChatAnthropic", "claude-x"),
        ("ollama:llama-x", {}, "ChatOllama", "llama-x"),
        ("ollama:llama-x:8b", {}, "ChatOllama", "llama-x:8b"),  # a colon in the name
        ("openai:org/model-x", {"base_url": "http://127.0.0.1:1/v1"}, "ChatOpenAI", "org/model-x"),
        ("auto", {"base_url": "http://127.0.0.1:1/v1"}, "ChatOpenAI", "default"),
        ("ollama:llama-x", {"base_url": "http://127.0.0.1:1"}, "ChatOllama", "llama-x"),
    ],
)
def test_each_spec_gives_the_model_of_its_provider(spec: str, options: dict[str, Any], class_name: str, name: str) -> None:
    model = remote(spec, **options)
    assert (type(model.chat).__name__, model.name, model.is_local) == (class_name, name, False)


def test_every_provider_that_is_named_is_tested_above() -> None:
    assert set(PROVIDERS) == {"openai", "anthropic", "ollama"}


@pytest.mark.parametrize("spec", ["mistral:large", "openai:", "openai", ":gpt", "nonsense", "", "auto", "none", "OPENAI:gpt"])
def test_an_unknown_spec_is_refused_with_what_is_known(spec: str) -> None:
    with pytest.raises(SettingsError) as raised:
        remote(spec)
    assert repr(spec) in str(raised.value)
    assert all(f"{provider}:NAME" in str(raised.value) for provider in PROVIDERS)


def test_an_unknown_provider_is_refused_also_with_an_address() -> None:
    with pytest.raises(SettingsError, match="mistral:large"):
        remote("mistral:large", base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize("spec", ["nonsense", "openai:", "mistral"])
def test_an_unknown_spec_is_refused_also_with_an_address(spec: str) -> None:
    with pytest.raises(SettingsError):
        remote(spec, base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    "spec",
    [
        "openai:gpt-x",
        pytest.param(
            "anthropic:claude-x",
        ),
    ],
)
def test_a_missing_key_is_refused_with_what_to_set(spec: str) -> None:
    with pytest.raises(SettingsError) as raised:
        remote(spec)
    assert spec in str(raised.value)
    assert "RAG_LLM_API_KEY" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("spec", "variable"), [("openai:gpt-x", "OPENAI_API_KEY"), ("anthropic:claude-x", "ANTHROPIC_API_KEY")])
def test_the_providers_own_variable_will_do_for_a_key(spec: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "from-the-environment")
    assert remote(spec).name


def test_a_provider_whose_package_is_missing_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_ollama", None)  # how Python marks a module that cannot be imported
    with pytest.raises(SettingsError, match="langchain-ollama"):
        remote("ollama:llama-x")


def test_a_server_of_ones_own_needs_no_key() -> None:
    with OpenAIServer([words("Yes.")]) as server:
        assert remote("openai:test", base_url=server.base_url).chat.invoke("q").content == "Yes."
    assert "Bearer" in server.keys[0]


def test_key_name_limit_and_temperature_reach_the_server() -> None:
    with OpenAIServer([words("Yes.")]) as server:
        remote("openai:test", base_url=server.base_url, api_key="secret-key", max_tokens=77).chat.invoke("q")
    (asked,) = server.requests
    assert server.keys == ["Bearer secret-key"]
    assert asked["model"] == "test"
    assert asked["temperature"] == 0
    assert asked.get("max_completion_tokens", asked.get("max_tokens")) == 77
    assert server.paths == ["/v1/chat/completions"]  # what every compatible server speaks, not the newer responses address


def test_a_key_does_not_show_when_a_model_is_printed() -> None:
    assert "secret-key" not in repr(remote("openai:test", api_key="secret-key"))


@pytest.mark.parametrize("spec", ["openai:x", "anthropic:x"])
def test_limits_reach_the_client(spec: str) -> None:
    chat: Any = remote(spec, api_key="k", timeout_s=7.0, retries=3, max_tokens=50).chat
    timeout = getattr(chat, "request_timeout", None) or getattr(chat, "default_request_timeout", None)
    assert (timeout, chat.max_retries, chat.max_tokens, chat.temperature) == (7.0, 3, 50, 0)


def test_limits_reach_ollama() -> None:
    chat: Any = remote("ollama:x", timeout_s=7.0, max_tokens=50).chat
    assert (chat.num_predict, chat.temperature, chat.client_kwargs) == (50, 0, {"timeout": 7.0})


def test_the_local_model_is_reached_like_any_other_and_keeps_its_server() -> None:
    with OpenAIServer([words("Yes.")]) as server:
        model = local_model(server.base_url, "A local model", server=server, timeout_s=5.0, max_tokens=20)
        assert model.chat.invoke("q").content == "Yes."
    assert (model.is_local, model.name, model.server) == (True, "A local model", server)


def test_the_local_model_is_not_asked_twice() -> None:
    with OpenAIServer([]) as server:  # answers 500
        model = local_model(server.base_url, "A local model", server=server, timeout_s=5.0, max_tokens=20)
        with pytest.raises(Exception, match="scripted failure"):
            model.chat.invoke("q")
        assert len(server.requests) == 1
