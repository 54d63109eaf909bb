"""rag.fetch against real HTTP and HTTPS servers on loopback. Where a public site is needed, only the borders of the machine are bent: the
name look-up and the way to a public address. What may be connected to, and which source lists are read, stand as tables."""

import gzip
import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml
from tenacity import wait_none

from rag.errors import FetchError
from rag.fetch import FetchResult, RemoteSource, _download, checked_addresses, fetch_sources, is_public_address, load_sources

SHIPPED = Path(__file__).parent.parent / "corpus" / "sources.toml"
PAGE = b"<html><body><h1>Bone metastasis</h1><p>A public text.</p></body></html>"
PUBLIC = "93.184.215.14"

# A throw-away pair for a name that does not exist, valid from 2020 to 2120.
TLS_NAME = "texts.example"
TLS_KEY_AND_CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgp1PvJPVvM72EPChS
UeDJup/7i/eDO73quq8a5kZMtSGhRANCAAQPGOAfbXRpXppjo68zCD51DYRZ94FZ
XQQUpai9prz+ZEbuSIZvMUCY9m3T8TkFCe1tEK5YtITSI2MIY4cazLnY
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA10ZXh0cy5l
eGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAYMRYwFAYD
VQQDDA10ZXh0cy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDxjg
H210aV6aY6OvMwg+dQ2EWfeBWV0EFKWovaa8/mRG7kiGbzFAmPZt0/E5BQntbRCu
WLSE0iNjCGOHGsy52KNcMFowDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC
AoQwGAYDVR0RBBEwD4INdGV4dHMuZXhhbXBsZTAdBgNVHQ4EFgQU2O3DTads8zzM
D8MDelVZqi/YpZ0wCgYIKoZIzj0EAwIDRwAwRAIgHBq8JWWHmwzT3gred36TPI3g
uOxicUR5R4tqZopcJ7sCIDPZo5xLKU3RSGn/5EN3yv+GwjUjzsnS5SWtrY8LG1e1
-----END CERTIFICATE-----
"""

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server on loopback: `pages` maps a path to what answers it, `requests` records (path, headers)."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                try:
                    site.pages[self.path](self)
                except OSError:
                    self.close_connection = True  # the client has gone, as some tests want it to

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(autouse=True)
def _no_wait_before_a_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_download.retry, "wait", wait_none())  # type: ignore[attr-defined]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def tls_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An HTTPS server whose certificate is good for `texts.example` and is trusted here."""
    pem = tmp_path / "pair.pem"
    pem.write_text(TLS_KEY_AND_CERTIFICATE)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    site = Site(context)
    yield site
    site.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names that the system's resolver knows: each look-up takes the next list of addresses, the last one stays. Look-ups are never real."""
    table: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: object, *args: object, **options: object) -> list[object]:
        if host not in table:
            return real(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        addresses = table[host].pop(0) if len(table[host]) > 1 else table[host][0]
        return [found for address in addresses for found in real(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return table


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lead the public address to loopback, as a router might; records each address that was to be connected to."""
    record: list[str] = []
    real = socket.create_connection

    def create_connection(address: tuple[str, int], *args: object, **options: object) -> socket.socket:
        record.append(address[0])
        return real(("127.0.0.1" if address[0] == PUBLIC else address[0], address[1]), *args, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return record


def page(body: bytes = PAGE, *, status: int = 200, content_type: str | None = "text/html", **headers: str) -> Answer:
    """An answer with a correct length; `headers` are written with dashes for underscores."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            if value is not None:
                handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(target: str, status: int = 302) -> Answer:
    return page(b"", status=status, Location=target)


def in_turn(*answers: Answer) -> Answer:
    """The first answer to the first request, and so on; the last one stays."""
    waiting = list(answers)
    return lambda handler: (waiting.pop(0) if len(waiting) > 1 else waiting[0])(handler)


def if_changed(body: bytes = PAGE, **validators: str) -> Answer:
    """A page with validators (ETag, Last_Modified), answered 304 when the request brings one of them back."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        brought = {handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since")}
        page(b"" if brought & set(validators.values()) else body, status=304 if brought & set(validators.values()) else 200, **validators)(
            handler
        )

    return answer


def raw(*pieces: bytes, pause_s: float = 0.0) -> Answer:
    """Bytes as they are, with a pause after each; then the connection is closed."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause_s)
        handler.close_connection = True

    return answer


def source(url: str, source_id: str = "a-text", **fields: str) -> RemoteSource:
    defaults = {"title": "A text: on bone", "publisher": "A body", "licence": "personal use", "content_type": "text/html"}
    return RemoteSource(source_id=source_id, url=url, **defaults | fields)  # type: ignore[arg-type]


def fetch(folder: Path, *sources: RemoteSource, allow_private: bool = True, **options: float) -> list[FetchResult]:
    return fetch_sources(list(sources), folder, say=lambda line: None, allow_private=allow_private, **options)  # type: ignore[arg-type]


def fetch_one(folder: Path, one: RemoteSource, *, allow_private: bool = True, **options: float) -> FetchResult:
    (result,) = fetch(folder, one, allow_private=allow_private, **options)
    return result


def manifest_of(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "manifest.json").read_text())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder, hidden ones too, and hidden folders."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


# -- what is written


def test_writes_the_file_its_sidecar_and_the_manifest(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page(ETag='"one"', Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")
    folder = tmp_path / "made" / "on-the-way"
    said: list[str] = []
    one = source(site.url("/text"), title="Schmerz: übersetzt", licence="personal use; do not share")
    (result,) = fetch_sources([one], folder, say=said.append, allow_private=True)

    assert (result.source_id, result.status, result.path) == ("a-text", "fetched", folder / "a-text.html")
    assert set(contents(folder)) == {"a-text.html", "a-text.html.yaml", "manifest.json"}
    assert (folder / "a-text.html").read_bytes() == PAGE
    assert "übersetzt" in (folder / "a-text.html.yaml").read_text(encoding="utf-8")  # a person may want to read it
    assert yaml.safe_load((folder / "a-text.html.yaml").read_text(encoding="utf-8")) == {
        "title": "Schmerz: übersetzt",
        "publisher": "A body",
        "url": one.url,
        "rights": "personal use; do not share",
    }
    entry = manifest_of(folder)["a-text"]
    fetched = datetime.fromisoformat(str(entry.pop("fetched")))
    assert fetched.utcoffset() == timedelta(0)
    assert entry == {
        "url": one.url,
        "final_url": one.url,
        "sha256": hashlib.sha256(PAGE).hexdigest(),
        "bytes": len(PAGE),
        "etag": '"one"',
        "last_modified": "Mon, 01 Jan 2024 00:00:00 GMT",
        "file": "a-text.html",
    }
    assert said == [f"a-text: fetched ({len(PAGE)} bytes)."]


@pytest.mark.parametrize(
    ("sent", "expected", "name"),
    [
        ("text/html", "text/html", "a-text.html"),
        ("Text/HTML; charset=utf-8", "text/html", "a-text.html"),
        ("application/pdf", "application/pdf", "a-text.pdf"),
    ],
)
def test_names_the_file_by_its_type(site: Site, tmp_path: Path, sent: str, expected: str, name: str) -> None:
    site.pages["/text"] = page(content_type=sent)
    result = fetch_one(tmp_path, source(site.url("/text"), content_type=expected))
    assert (result.status, result.path) == ("fetched", tmp_path / name)
    assert (tmp_path / f"{name}.yaml").is_file()


def test_keeps_other_sources_in_the_manifest(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page()
    fetch(tmp_path, source(site.url("/text"), "first"))
    fetch(tmp_path, source(site.url("/text"), "second"), source(site.url("/text"), "third"))
    assert set(manifest_of(tmp_path)) == {"first", "second", "third"}


def test_unpacks_gzip(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page(gzip.compress(PAGE), Content_Encoding="gzip")
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "fetched"
    assert (tmp_path / "a-text.html").read_bytes() == PAGE
    assert manifest_of(tmp_path)["a-text"]["bytes"] == len(PAGE)
    assert site.requests[0][1]["accept-encoding"] == "gzip"


def test_does_not_use_a_proxy_of_the_environment(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    site.pages["/text"] = page()
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "fetched"


# -- what has not changed


@pytest.mark.parametrize(
    ("validators", "header"),
    [({"ETag": '"one"'}, "if-none-match"), ({"Last_Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, "if-modified-since")],
)
def test_asks_whether_it_has_changed_and_keeps_the_file_if_not(site: Site, tmp_path: Path, validators: dict[str, str], header: str) -> None:
    site.pages["/text"] = if_changed(**validators)
    fetch(tmp_path, source(site.url("/text")))
    before, manifest = (tmp_path / "a-text.html").stat(), manifest_of(tmp_path)
    result = fetch_one(tmp_path, source(site.url("/text")))

    assert (result.status, result.path) == ("unchanged", tmp_path / "a-text.html")
    assert [headers.get(header) for _, headers in site.requests] == [None, *validators.values()]
    after = (tmp_path / "a-text.html").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert manifest_of(tmp_path) == manifest


def test_fetches_again_when_the_site_says_it_has_changed(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = in_turn(page(ETag='"one"'), page(PAGE * 2, ETag='"two"'))
    fetch(tmp_path, source(site.url("/text")))
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "fetched"
    assert (tmp_path / "a-text.html").read_bytes() == PAGE * 2
    entry = manifest_of(tmp_path)["a-text"]
    assert (entry["etag"], entry["sha256"]) == ('"two"', hashlib.sha256(PAGE * 2).hexdigest())


def test_the_same_bytes_sent_again_are_unchanged(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page()
    assert [fetch_one(tmp_path, source(site.url("/text"))).status for _ in range(2)] == ["fetched", "unchanged"]


def spoil_file(folder: Path) -> None:
    (folder / "a-text.html").write_bytes(PAGE[:10])


def delete_file(folder: Path) -> None:
    (folder / "a-text.html").unlink()


def name_another_address(folder: Path) -> None:
    manifest = manifest_of(folder)
    manifest["a-text"]["url"] = "https://elsewhere.example/"
    (folder / "manifest.json").write_text(json.dumps(manifest))


def delete_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize("spoil", [spoil_file, delete_file, name_another_address, delete_manifest])
def test_fetches_anew_what_is_not_the_file_that_the_manifest_remembers(site: Site, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    site.pages["/text"] = if_changed(ETag='"one"')
    fetch(tmp_path, source(site.url("/text")))
    spoil(tmp_path)
    fetch(tmp_path, source(site.url("/text")))
    assert [headers.get("if-none-match") for _, headers in site.requests] == [None, None]
    assert (tmp_path / "a-text.html").read_bytes() == PAGE


def test_writes_a_changed_licence_to_the_sidecar_of_an_unchanged_file(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = if_changed(ETag='"one"')
    fetch(tmp_path, source(site.url("/text")))
    result = fetch_one(tmp_path, source(site.url("/text"), licence="public domain"))
    assert result.status == "unchanged"
    assert yaml.safe_load((tmp_path / "a-text.html.yaml").read_text())["rights"] == "public domain"


@pytest.mark.parametrize("damage", ["{", "[]", '{"a-text": 3}', "\0"])
def test_says_that_a_manifest_is_damaged_and_writes_it_anew(site: Site, tmp_path: Path, damage: str) -> None:
    site.pages["/text"] = page()
    (tmp_path / "manifest.json").write_text(damage)
    said: list[str] = []
    (result,) = fetch_sources([source(site.url("/text"))], tmp_path, say=said.append, allow_private=True)
    assert result.status == "fetched"
    assert "manifest.json" in said[0]
    assert manifest_of(tmp_path)["a-text"]["bytes"] == len(PAGE)


def test_says_that_a_manifest_cannot_be_read(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page()
    (tmp_path / "manifest.json").mkdir()
    said: list[str] = []
    (result,) = fetch_sources([source(site.url("/text"))], tmp_path, say=said.append, allow_private=True)
    assert result.status == "failed"
    assert "manifest.json" in said[0]


@pytest.mark.parametrize("entry", [{}, {"url": None}, {"file": 3, "bytes": "x"}])
def test_a_manifest_entry_with_missing_or_strange_fields_is_no_obstacle(site: Site, tmp_path: Path, entry: dict[str, object]) -> None:
    site.pages["/text"] = page()
    (tmp_path / "manifest.json").write_text(json.dumps({"a-text": entry}))
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "fetched"


def test_a_tag_that_cannot_be_sent_back_is_left_out(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page(ETag='"été"')
    assert [fetch_one(tmp_path, source(site.url("/text"))).status for _ in range(2)] == ["fetched", "unchanged"]
    assert "if-none-match" not in site.requests[1][1]


# -- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_a_redirect_and_remembers_where_it_led(site: Site, tmp_path: Path, status: int) -> None:
    site.pages.update({"/old": redirect("/new?x=1", status), "/new?x=1": page()})
    assert fetch_one(tmp_path, source(site.url("/old"))).status == "fetched"
    entry = manifest_of(tmp_path)["a-text"]
    assert (entry["url"], entry["final_url"]) == (site.url("/old"), site.url("/new?x=1"))
    assert yaml.safe_load((tmp_path / "a-text.html.yaml").read_text())["url"] == site.url("/old")


@pytest.mark.parametrize(("redirects", "status"), [(5, "fetched"), (6, "failed")])
def test_follows_at_most_five_redirects(site: Site, tmp_path: Path, redirects: int, status: str) -> None:
    site.pages.update({f"/{n}": redirect(f"/{n + 1}") for n in range(redirects)} | {f"/{redirects}": page()})
    result = fetch_one(tmp_path, source(site.url("/0")))
    assert result.status == status
    assert len(site.requests) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://", "http://[::1/"])
def test_refuses_a_redirect_to_what_is_no_web_address(site: Site, tmp_path: Path, target: str) -> None:
    site.pages["/text"] = redirect(target)
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "failed"
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost.example:{port}/secret",
        "http://inside.example:{port}/secret",
        "http://mixed.example:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://0x7f.1:{port}/secret",
        "http://0:{port}/secret",
    ],
)
def test_refuses_a_redirect_to_a_private_address_before_connecting(
    site: Site, tmp_path: Path, names: dict[str, list[list[str]]], connected: list[str], target: str
) -> None:
    names.update(
        {
            "public.example": [[PUBLIC]],
            "localhost.example": [["127.0.0.1"]],
            "inside.example": [["10.0.0.7"]],
            "mixed.example": [[PUBLIC, "10.0.0.7"]],
        }
    )
    site.pages.update({"/text": redirect(target.format(port=site.port)), "/secret": page()})
    result = fetch_one(tmp_path, source(site.url("/text", host="public.example")), allow_private=False)
    assert result.status == "failed"
    assert "no public address" in result.reason
    assert connected == [PUBLIC]
    assert site.paths() == ["/text"]
    assert contents(tmp_path) == {}


def test_follows_a_redirect_to_another_public_site(
    site: Site, tmp_path: Path, names: dict[str, list[list[str]]], connected: list[str]
) -> None:
    names.update({"public.example": [[PUBLIC]], "other.example": [[PUBLIC]]})
    site.pages.update({"/text": redirect(site.url("/text2", host="other.example")), "/text2": page()})
    assert fetch_one(tmp_path, source(site.url("/text", host="public.example")), allow_private=False).status == "fetched"
    assert connected == [PUBLIC, PUBLIC]
    assert [headers["host"] for _, headers in site.requests] == [f"public.example:{site.port}", f"other.example:{site.port}"]


# -- addresses


def test_refuses_loopback_by_default_without_connecting(site: Site, tmp_path: Path, connected: list[str]) -> None:
    site.pages["/text"] = page()
    result = fetch_one(tmp_path, source(site.url("/text")), allow_private=False)
    assert (result.status, result.path) == ("failed", None)
    assert "127.0.0.1" in result.reason
    assert (connected, site.requests, contents(tmp_path)) == ([], [], {})


def test_connects_to_the_address_that_was_checked_though_a_second_look_up_would_give_another(
    site: Site, tmp_path: Path, names: dict[str, list[list[str]]], connected: list[str]
) -> None:
    names["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]
    site.pages["/text"] = page()
    result = fetch_one(tmp_path, source(site.url("/text", host="rebind.example")), allow_private=False)
    assert result.status == "fetched"
    assert connected == [PUBLIC]
    assert names["rebind.example"] == [["127.0.0.1"]]  # one look-up was taken, and no second


def test_checks_again_for_a_second_try(site: Site, tmp_path: Path, names: dict[str, list[list[str]]], connected: list[str]) -> None:
    names["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]
    site.pages["/text"] = page(status=500)
    result = fetch_one(tmp_path, source(site.url("/text", host="rebind.example")), allow_private=False)
    assert "no public address" in result.reason
    assert connected == [PUBLIC]


def test_a_name_without_an_address_is_looked_up_once_more(site: Site, tmp_path: Path, names: dict[str, list[list[str]]]) -> None:
    names["late.example"] = [[], ["127.0.0.1"]]
    site.pages["/text"] = page()
    assert fetch_one(tmp_path, source(site.url("/text", host="late.example"))).status == "fetched"


@pytest.mark.parametrize("silent", [False, True])
def test_tries_the_next_address_of_a_name_when_one_is_dead(
    site: Site, tmp_path: Path, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    names["two.example"] = [["::1", "127.0.0.1"]]
    site.pages["/text"] = page()
    real = socket.create_connection

    def create_connection(address: tuple[str, int], timeout: float, *args: object, **options: object) -> socket.socket:
        if address[0] == "::1":
            time.sleep(timeout if silent else 0)
            raise TimeoutError if silent else ConnectionRefusedError
        return real(address, timeout, *args, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    assert fetch_one(tmp_path, source(site.url("/text", host="two.example")), timeout_s=1.5).status == "fetched"


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionRefusedError(111, "Connection refused"), OSError()])
@pytest.mark.parametrize(("failures", "status"), [(1, "fetched"), (2, "failed")])
def test_a_connection_that_fails_is_tried_once_more(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, failures: int, status: str
) -> None:
    site.pages["/text"] = page()
    waiting = [error] * failures
    real = socket.create_connection

    def create_connection(*args: object, **options: object) -> socket.socket:
        if waiting:
            raise waiting.pop()
        return real(*args, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    result = fetch_one(tmp_path, source(site.url("/text")))
    assert result.status == status
    assert result.reason  # also of an error without words


def test_follows_a_redirect_from_http_to_https(tls_site: Site, site: Site, tmp_path: Path, names: dict[str, list[list[str]]]) -> None:
    names[TLS_NAME] = [["127.0.0.1"]]
    site.pages["/text"] = redirect(tls_site.url("/text", scheme="https", host=TLS_NAME))
    tls_site.pages["/text"] = page()
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "fetched"


def test_https_keeps_the_name_while_the_address_is_pinned(
    tls_site: Site, tmp_path: Path, names: dict[str, list[list[str]]], connected: list[str]
) -> None:
    names[TLS_NAME] = [[PUBLIC], ["127.0.0.1"]]
    tls_site.pages["/text"] = page()
    url = tls_site.url("/text", scheme="https", host=TLS_NAME)
    assert fetch_one(tmp_path, source(url), allow_private=False).status == "fetched"
    assert connected == [PUBLIC]
    assert tls_site.requests[0][1]["host"] == f"{TLS_NAME}:{tls_site.port}"
    assert manifest_of(tmp_path)["a-text"]["final_url"] == url


def test_refuses_a_certificate_of_another_name(tls_site: Site, tmp_path: Path, names: dict[str, list[list[str]]]) -> None:
    names["wrong.example"] = [["127.0.0.1"]]
    tls_site.pages["/text"] = page()
    result = fetch_one(tmp_path, source(tls_site.url("/text", scheme="https", host="wrong.example")))
    assert result.status == "failed"
    assert "CERTIFICATE_VERIFY_FAILED" in result.reason
    assert tls_site.requests == []


def test_a_connection_that_was_checked_for_one_name_is_not_used_for_another(
    tls_site: Site, tmp_path: Path, names: dict[str, list[list[str]]]
) -> None:
    names.update({TLS_NAME: [["127.0.0.1"]], "wrong.example": [["127.0.0.1"]]})
    tls_site.pages["/text"] = page()
    right = source(tls_site.url("/text", scheme="https", host=TLS_NAME), "right")
    wrong = source(tls_site.url("/text", scheme="https", host="wrong.example"), "wrong")
    assert [result.status for result in fetch(tmp_path, right, wrong)] == ["fetched", "failed"]
    assert len(tls_site.requests) == 1


def test_never_goes_back_from_https_to_http(tls_site: Site, site: Site, tmp_path: Path, names: dict[str, list[list[str]]]) -> None:
    names[TLS_NAME] = [["127.0.0.1"]]
    tls_site.pages["/text"] = redirect(site.url("/text"))
    site.pages["/text"] = page()
    result = fetch_one(tmp_path, source(tls_site.url("/text", scheme="https", host=TLS_NAME)))
    assert result.status == "failed"
    assert site.requests == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("8.8.8.8", True),
        ("172.15.255.255", True),
        ("172.32.0.1", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("0.0.0.0", False),
        ("0.1.2.3", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("127.255.255.254", False),
        ("169.254.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("192.0.2.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("224.0.1.1", False),
        ("239.255.255.250", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::1", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::", False),
        ("4000::1", False),
        ("fc00::1", False),
        ("fd12:3456:789a::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("ff0e::1", False),
    ],
)
def test_only_the_public_internet_is_public(address: str, public: bool) -> None:
    assert is_public_address(address) is public


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        ([PUBLIC], True),
        ([PUBLIC, "2606:4700::1111"], True),
        (["10.0.0.1"], False),
        (["10.0.0.1", PUBLIC], False),
        ([PUBLIC, "2606:4700::1111", "::1"], False),
    ],
)
def test_a_name_may_be_connected_to_when_all_its_addresses_are_public(addresses: list[str], allowed: bool) -> None:
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return addresses

    if allowed:
        assert checked_addresses("a.example", resolve=resolve) == addresses
    else:
        with pytest.raises(FetchError, match=r"a\.example leads to .*no public address"):
            checked_addresses("a.example", resolve=resolve)
        assert checked_addresses("a.example", resolve=resolve, allow_private=True) == addresses
    assert set(asked) == {"a.example"}


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_a_connection_error(error: Exception) -> None:
    def resolve(host: str) -> list[str]:
        raise error

    with pytest.raises(httpx.ConnectError, match=r"'no\.example' cannot be resolved"):
        checked_addresses("no.example", resolve=resolve)


# -- limits


def chunked(body: bytes, size: int = 1000) -> tuple[bytes, ...]:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    return (head, *(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n")


def until_closed(body: bytes) -> tuple[bytes, ...]:
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n", body)


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        ("a length that is honest", page(b"x" * 5001)),
        ("chunks", raw(*chunked(b"x" * 5001))),
        ("no length", raw(*until_closed(b"x" * 5001))),
        ("a length that is too small for what it unpacks to", page(gzip.compress(b"x" * 5001), Content_Encoding="gzip")),
        ("a length announced, and no body", raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5001\r\n\r\n", b"x")),
    ],
)
def test_refuses_what_is_too_large(site: Site, tmp_path: Path, shape: str, answer: Answer) -> None:
    site.pages["/text"] = answer
    result = fetch_one(tmp_path, source(site.url("/text")), max_bytes=5000)
    assert (result.status, result.path) == ("failed", None)
    assert "larger than 5,000 bytes" in result.reason
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("answer", [page(b"x" * 5000), raw(*chunked(b"x" * 5000)), raw(*until_closed(b"x" * 5000))])
def test_takes_what_is_just_small_enough(site: Site, tmp_path: Path, answer: Answer) -> None:
    site.pages["/text"] = answer
    assert fetch_one(tmp_path, source(site.url("/text")), max_bytes=5000).status == "fetched"
    assert (tmp_path / "a-text.html").read_bytes() == b"x" * 5000


@pytest.mark.parametrize(
    ("shape", "pieces"),
    [
        ("the body trickles", [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 30\r\n\r\n", *[b"x"] * 30]),
        ("the headers trickle", [b"HTTP/1.1 200 OK\r\n", *[b"X-%d: 1\r\n" % n for n in range(30)], b"Content-Type: text/html\r\n\r\n"]),
        ("no answer comes", [b""] * 30),
    ],
)
def test_gives_up_on_a_slow_site_and_goes_on(site: Site, tmp_path: Path, shape: str, pieces: list[bytes]) -> None:
    site.pages.update({"/slow": raw(*pieces, pause_s=0.1), "/text": page()})
    slow, quick = fetch(tmp_path, source(site.url("/slow"), "slow"), source(site.url("/text"), "quick"), timeout_s=1.0)
    assert (slow.status, quick.status) == ("failed", "fetched")
    assert "within 1 s" in slow.reason or "timed out" in slow.reason
    assert set(contents(tmp_path)) == {"quick.html", "quick.html.yaml", "manifest.json"}


def test_what_was_given_up_does_not_go_on_behind_the_next_source(site: Site, tmp_path: Path) -> None:
    left = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        try:
            raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", *[b"x"] * 200, pause_s=0.02)(handler)
        except OSError:
            left.set()

    site.pages.update({"/endless": endless, "/next": lambda handler: page(status=200 if left.wait(0.9) else 404)(handler)})
    results = fetch(tmp_path, source(site.url("/endless"), "endless"), source(site.url("/next"), "next"), timeout_s=1.0)
    assert [result.status for result in results] == ["failed", "fetched"]


def test_gives_up_on_a_slow_name_look_up(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def getaddrinfo(*args: object, **options: object) -> list[object]:
        answered.wait(20)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    result = fetch_one(tmp_path, source("http://slow.example/"), timeout_s=0.2)
    answered.set()
    assert (result.status, result.reason) == ("failed", "not complete within 0.2 s")


# -- failures


@pytest.mark.parametrize(
    ("answer", "reason", "requests"),
    [
        (page(content_type="application/json"), "'application/json'", 1),
        (page(content_type="application/pdf"), "'application/pdf'", 1),
        (page(content_type=None), "''", 1),
        (page(Content_Encoding="br"), "encoding br", 1),
        (page(b""), "empty", 1),
        (page(status=404), "404 Not Found", 1),
        (page(status=403), "403 Forbidden", 1),
        (page(b"", status=204), "204", 1),
        (page(status=300), "300", 1),
        (page(b"", status=304), "304", 1),
        (page(status=500), "500 Internal Server Error", 2),
        (page(status=503), "503 Service Unavailable", 2),
        (page(b"no gzip", Content_Encoding="gzip"), "", 1),
        (raw(b"nonsense\r\n\r\n"), "", 2),
        (raw(b""), "", 2),
    ],
)
def test_a_bad_answer_is_a_failure_with_a_reason(site: Site, tmp_path: Path, answer: Answer, reason: str, requests: int) -> None:
    site.pages["/text"] = answer
    result = fetch_one(tmp_path, source(site.url("/text")))
    assert (result.status, result.path) == ("failed", None)
    assert reason in result.reason
    assert len(result.reason.splitlines()) == 1
    assert len(site.requests) == requests  # a second try only where it may help
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "first", [page(status=500), raw(b""), raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\nx")]
)
def test_a_passing_failure_is_tried_once_more(site: Site, tmp_path: Path, first: Answer) -> None:
    site.pages["/text"] = in_turn(first, page())
    assert fetch_one(tmp_path, source(site.url("/text"))).status == "fetched"
    assert (tmp_path / "a-text.html").read_bytes() == PAGE
    assert manifest_of(tmp_path)["a-text"]["sha256"] == hashlib.sha256(PAGE).hexdigest()


@pytest.mark.parametrize(
    "cut",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n" + b"x" * 1000),
        raw(*chunked(b"x" * 3000)[:-1]),
        raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    ],
)
def test_a_cut_connection_leaves_the_old_file_and_nothing_half_written(site: Site, tmp_path: Path, cut: Answer) -> None:
    site.pages["/text"] = in_turn(page(ETag='"one"'), cut)
    fetch(tmp_path, source(site.url("/text")))
    before = contents(tmp_path)
    result = fetch_one(tmp_path, source(site.url("/text"), licence="another"))
    assert (result.status, result.path) == ("failed", None)
    assert len(site.requests) == 3
    assert contents(tmp_path) == before


def test_a_bad_source_never_stops_the_rest(site: Site, tmp_path: Path, names: dict[str, list[list[str]]]) -> None:
    site.pages.update({"/text": page(), "/gone": page(status=404)})
    good = source(site.url("/text"), "good")
    bad = [
        source(site.url("/gone"), "gone"),
        source("http://127.0.0.1:1/", "nobody-listens"),
        source("http://nowhere.invalid./", "no-name"),
        source(f"http://{'a' * 80}.example/", "too-long-a-name"),
        source("gopher://127.0.0.1/", "no-web-address"),
        source("http://127.0.0.1:x/", "no-port"),
        source("http:///", "no-host"),
        source(good.url, "../outside"),
        source(good.url, "/outside"),
        source(good.url, "below/outside"),
        source(good.url, "a\0zero"),
        replace(good, content_type="text/plain"),  # type: ignore[arg-type]
    ]
    said: list[str] = []
    results = fetch_sources([*bad, good], tmp_path / "folder", say=said.append, allow_private=True)
    assert [result.source_id for result in results] == [one.source_id for one in [*bad, good]]
    assert [result.status for result in results] == ["failed"] * len(bad) + ["fetched"]
    assert all(result.reason for result in results)
    assert [line.split(":")[0] for line in said] == [one.source_id for one in [*bad, good]]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert set(contents(tmp_path / "folder")) == {"good.html", "good.html.yaml", "manifest.json"}


def test_a_folder_that_cannot_be_made_is_a_failure_with_a_reason(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = fetch_one(tmp_path / "file" / "folder", source(site.url("/text")))
    assert result.status == "failed"
    assert "file" in result.reason


def test_a_file_that_cannot_be_replaced_is_a_failure_and_not_in_the_manifest(site: Site, tmp_path: Path) -> None:
    site.pages["/text"] = page()
    (tmp_path / "first.html" / "in-the-way").mkdir(parents=True)
    results = fetch(tmp_path, source(site.url("/text"), "first"))
    assert results[0].status == "failed"
    assert set(contents(tmp_path)) == {"first.html", "first.html/in-the-way", "first.html.yaml"}  # the sidecar comes first
    results = fetch(tmp_path, source(site.url("/text"), "first"), source(site.url("/text"), "second"))
    assert [result.status for result in results] == ["failed", "fetched"]
    assert set(manifest_of(tmp_path)) == {"second"}


# -- source lists

ENTRY = {
    "source_id": "a-text",
    "title": "A text",
    "publisher": "A body",
    "url": "https://a.example/text",
    "licence": "personal use",
    "content_type": "text/html",
}


def source_list(path: Path, *entries: dict[str, object]) -> Path:
    lines = [line for entry in entries for line in ("[[source]]", *(f"{name} = {json.dumps(value)}" for name, value in entry.items()))]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_reads_a_source_list_in_its_order(tmp_path: Path) -> None:
    path = source_list(
        tmp_path / "list.toml", ENTRY | {"source_id": "b", "title": "  Übersicht "}, ENTRY | {"content_type": "application/pdf"}
    )
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # a byte order mark is harmless
    first, second = load_sources(path)
    assert (first.source_id, first.title, first.content_type) == ("b", "Übersicht", "text/html")
    assert second == RemoteSource(**ENTRY | {"content_type": "application/pdf"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source_id": ...}, "source_id"),
        ({"source_id": "A-Text"}, "source_id"),
        ({"source_id": "a_text"}, "source_id"),
        ({"source_id": "../a"}, "source_id"),
        ({"source_id": ""}, "source_id"),
        ({"source_id": "a" * 81}, "source_id"),
        ({"source_id": 3}, "source_id"),
        ({"title": ...}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"publisher": ...}, "publisher"),
        ({"publisher": "x" * 121}, "publisher"),
        ({"url": ...}, "url"),
        ({"url": "a.example/text"}, "url"),
        ({"url": "ftp://a.example/text"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://name:password@a.example/"}, "url"),
        ({"url": "https://a.example/a b"}, "url"),
        ({"url": "https://"}, "url"),
        ({"licence": ...}, "licence"),
        ({"licence": ""}, "licence"),
        ({"content_type": ...}, "content_type"),
        ({"content_type": "text/plain"}, "content_type"),
        ({"license": "typing error"}, "license"),
    ],
)
def test_an_error_names_the_file_the_entry_and_the_field(tmp_path: Path, change: dict[str, object], field: str) -> None:
    bad = {name: value for name, value in (ENTRY | change).items() if value is not ...}
    path = source_list(tmp_path / "list.toml", ENTRY | {"source_id": "good"}, bad)
    with pytest.raises(FetchError) as caught:
        load_sources(path)
    assert "list.toml" in str(caught.value)
    assert f"entry 2: field '{field}'" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"[[source]", "cannot be read as TOML"),
        (b"title = '\xff'", "cannot be read as TOML"),
        (b"", "[[source]]"),
        (b"# nothing yet\n", "[[source]]"),
        (b"source = []\n", "[[source]]"),
        (b"source = 'a'\n", "[[source]]"),
        (b"[source]\ntitle = 'a'\n", "[[source]]"),
        (b"[[sources]]\ntitle = 'a'\n", "['sources']"),
        (b"source = [3]\n", "entry 1"),
    ],
)
def test_a_file_that_is_no_source_list_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "list.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FetchError) as caught:
        load_sources(path)
    assert "list.toml" in str(caught.value)
    assert words in str(caught.value)


def test_a_list_with_another_table_beside_the_sources_is_refused(tmp_path: Path) -> None:
    path = source_list(tmp_path / "list.toml", ENTRY)
    path.write_text(path.read_text() + "\n[[sorce]]\ntitle = 'typing error'\n")
    with pytest.raises(FetchError, match="sorce"):
        load_sources(path)


def test_two_sources_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"entry 3: field 'source_id': 'a-text' is already taken"):
        load_sources(source_list(tmp_path / "list.toml", ENTRY, ENTRY | {"source_id": "b"}, ENTRY))


def test_the_shipped_source_list_loads_and_names_only_https_pages_of_public_sites() -> None:
    sources = load_sources(SHIPPED)
    assert 20 <= len(sources) <= 40
    urls = [httpx.URL(one.url) for one in sources]
    assert {url.scheme for url in urls} == {"https"}
    assert all(url.port is None and "." in url.host and not url.host.replace(".", "").isdigit() for url in urls)
    assert len(set(urls)) == len(urls)
    assert not [url for url in urls if url.host == "pmc.ncbi.nlm.nih.gov"]  # its terms do not allow programs to fetch batches of its pages
