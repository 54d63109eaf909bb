"""The page for programs: stable names for gradio_client, and tools for a real MCP client."""

import asyncio
import threading
from typing import Any

import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


@pytest.fixture(scope="module")
def client(page_address: str) -> Client:
    return Client(page_address, verbose=False)


def test_ask_gives_the_json_of_the_command_line(client: Client) -> None:
    answer = client.predict(question="What SINS total needs a surgeon?", api_name="/ask")
    assert answer["status"] == "answered"
    assert "7 or more" in answer["citations"][0]["quote"]
    assert answer["sentences"][0]["verdict"] == "supported"


def test_search_gives_passages_with_their_best_sentence(client: Client) -> None:
    passages = client.predict(query="zoledronic acid clearance 45", k=3, kind="label", api_name="/search")
    assert [passage["rank"] for passage in passages] == [1, 2, 3]
    assert passages[0]["sentence"] in passages[0]["text"]
    assert "3.3 mg" in passages[0]["sentence"]


def test_only_these_two_are_offered(client: Client) -> None:
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search"}


@pytest.mark.parametrize(("arguments", "said"), [({"question": ""}, "empty"), ({"question": "x" * 3000}, "at most 2,000")])
def test_bad_input_of_a_program_is_told_in_one_sentence(client: Client, arguments: dict[str, str], said: str) -> None:
    with pytest.raises(Exception, match=said):
        client.predict(**arguments, api_name="/ask")


def test_an_assistant_finds_and_calls_the_tools(page_address: str) -> None:
    found: dict[str, Any] = {}

    async def visit() -> None:
        async with (
            streamablehttp_client(f"{page_address}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            found["tools"] = {tool.name: tool for tool in (await session.list_tools()).tools}
            name = next(name for name in found["tools"] if name.endswith("ask"))
            found["answer"] = await session.call_tool(name, {"question": "What SINS total needs a surgeon?"})

    thread = threading.Thread(target=lambda: asyncio.run(visit()))  # Playwright keeps an event loop in this thread
    thread.start()
    thread.join(60)
    assert len(found["tools"]) == 2
    assert all("bone metastasis" in (tool.description or "") for tool in found["tools"].values())
    assert "7 or more" in found["answer"].content[0].text
