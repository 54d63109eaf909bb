"""A real HTTP server on loopback that speaks the OpenAI chat completions protocol from a script: replies, streams, delays, errors, cuts.

It knows nothing of our code: a test reads in `requests` what a provider would have received.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

HOLD_LIMIT_S = 20.0  # a test that forgets to release a held reply must not hang


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted reply.

    `pieces` are sent one event each when the client asks for a stream, and joined when it does not. With `hold`, only the first
    `hold_after` pieces go out before that event is set. `ending` says how a stream ends: as the protocol wants it, with the connection cut
    in the middle, or politely but without the closing events.
    """

    pieces: tuple[str, ...] = ()
    status: int = 200
    raw: bytes | None = None  # sent as the body, whatever was asked for
    hold: threading.Event | None = None
    hold_after: int = 0
    ending: Literal["done", "cut", "no-finish"] = "done"
    finish_reason: str = "stop"


def words(text: str, *, size: int = 7, **options: Any) -> Reply:
    """Return a reply of this text in pieces of `size` characters, which end in the middle of words."""
    return Reply(pieces=tuple(text[at : at + size] for at in range(0, len(text), size)), **options)


class OpenAIServer:
    """Serves its replies in order, one a request, and keeps every request's JSON; with none left it answers 500.

    Example: with OpenAIServer([words("Yes.")]) as server: remote_model("openai:test", base_url=server.base_url, ...)
    """

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []  # Authorization headers
        self.left = threading.Event()  # a client went away before its reply was complete
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if self.replies else Reply(status=500)


def _handler(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(asked)
            server.paths.append(self.path)
            server.keys.append(self.headers.get("Authorization", ""))
            reply = server.next_reply()
            try:
                self._send(reply, streamed=bool(asked.get("stream")))
            except OSError:
                server.left.set()  # what a stop or a timeout does
                self.close_connection = True

        def _send(self, reply: Reply, *, streamed: bool) -> None:
            if reply.raw is None and streamed and reply.status == 200:
                self._send_events(reply)
                return
            if reply.hold:
                reply.hold.wait(HOLD_LIMIT_S)
            body = reply.raw if reply.raw is not None else json.dumps(_completion(reply)).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("retry-after-ms", "1")  # a client that tries again need not wait
            self.end_headers()
            self.wfile.write(body)

        def _send_events(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for place, piece in enumerate(reply.pieces):
                if reply.hold and place == reply.hold_after:
                    reply.hold.wait(HOLD_LIMIT_S)
                self._event(_delta({"content": piece}, None))
            if reply.ending == "cut":
                self.close_connection = True
                return
            if reply.ending == "done":
                self._event(_delta({}, reply.finish_reason))
                self._chunk(b"data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")

        def _event(self, event: dict[str, Any]) -> None:
            self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    return Handler


def _completion(reply: Reply) -> dict[str, Any]:
    if reply.status != 200:
        return {"error": {"message": "scripted failure", "type": "server_error", "code": reply.status}}
    message = {"role": "assistant", "content": "".join(reply.pieces)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test",
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _delta(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
