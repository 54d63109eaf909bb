"""Public full texts named in a source list -> files in a folder, each with a sidecar that says what it is and whose.

Stands before the library: writes files, sidecars and `manifest.json`; reads no text, builds no index. A source list is data, not trust: only http and
https, never an address of a private network, and a file gets its name only when it is whole. Files named by a source id belong to this module.
Proxies of the environment are not used: a proxy would look names up itself, past the check.
"""

import hashlib
import ipaddress
import json
import queue
import re
import socket
import threading
import time
import tomllib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Literal

import httpx
import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed
from tqdm import tqdm

from rag.errors import FetchError

ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
EXTENSIONS = {"text/html": ".html", "application/pdf": ".pdf"}
MANIFEST = "manifest.json"
MAX_REDIRECTS = 5
TRIES = 2
RETRY_WAIT_S = 1.0
CONNECT_TIMEOUT_S = 10.0  # a dead address must not use up the whole time of a source: its other addresses come next
HEADERS = {"User-Agent": "Osseous/0.1 (private reading copy)", "Accept-Encoding": "gzip"}  # other encodings unpack without bounds
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # an IPv4 address in its last 32 bits, RFC 6052
_TUNNELS = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))  # 6to4, Teredo: lead to IPv4 addresses unseen

Resolver = Callable[[str, int], list[str]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """A text to fetch: a table `[[source]]` of the list. `licence` says in words what a reader may do with it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", str_strip_whitespace=True)

    source_id: Annotated[str, Field(pattern=ID_PATTERN, max_length=80)]
    title: Annotated[str, Field(min_length=3, max_length=300)]
    publisher: Annotated[str, Field(min_length=2, max_length=120)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")]
    licence: Annotated[str, Field(min_length=3)]
    content_type: Literal["text/html", "application/pdf"]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What became of a source. `path` is None and `reason` a clause when it failed; a file fetched earlier is kept then."""

    source_id: str
    status: Literal["fetched", "unchanged", "failed"]
    path: Path | None
    reason: str


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What the manifest remembers of a fetched file. `fetched` is an ISO date and time in UTC; `sha256` is of the file as stored."""

    url: str
    final_url: str
    fetched: str
    sha256: str
    bytes: int
    etag: str | None
    last_modified: str | None
    file: str


@dataclass(frozen=True, slots=True)
class _Limits:
    allow_private: bool
    timeout_s: float
    max_bytes: int


def load_sources(path: Path) -> list[RemoteSource]:
    """Read a source list (TOML, one table `[[source]]` a text), in its order.

    Raises:
        FetchError: the file is missing or no TOML, holds no source, a field breaks the schema, or two sources have one id.
    """
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as exc:
        raise FetchError(f"source list {str(path)!r} cannot be read ({exc.strerror}).") from exc
    except ValueError as exc:
        raise FetchError(f"source list {str(path)!r} is not TOML in UTF-8 ({exc}).") from exc
    entries = table.get("source")
    if not isinstance(entries, list) or not entries or set(table) != {"source"}:
        raise FetchError(f"source list {str(path)!r} must hold tables [[source]] and nothing else, found {sorted(table)!r}.")
    sources: dict[str, RemoteSource] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            source = TypeAdapter(RemoteSource).validate_python(entry)
        except ValidationError as exc:
            first = exc.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the whole"
            found = "" if first["type"] == "missing" else f", found {first['input']!r:.80}"
            raise FetchError(f"source list {str(path)!r}, entry {number}: field {field!r}: {first['msg']}{found}.") from exc
        if source.source_id in sources:
            raise FetchError(f"source list {str(path)!r}, entry {number}: field 'source_id': {source.source_id!r} is already taken.")
        sources[source.source_id] = source
    return list(sources.values())


def fetch_sources(
    sources: Iterable[RemoteSource],
    folder: Path,
    *,
    say: Say,
    allow_private: bool = False,
    timeout_s: float = 30,
    max_bytes: int = 30_000_000,
) -> list[FetchResult]:
    """Fetch each source into the folder, in order; what has not changed is not sent again, and a bad source never stops the rest.

    Args:
        sources: What to fetch.
        folder: Holds the files, their sidecars `<file>.yaml` and the manifest; made if missing.
        say: Receives one sentence a source.
        allow_private: Also connect to private and loopback addresses; for tests.
        timeout_s: Seconds a source may take in all: name look-up, redirects and second try included.
        max_bytes: Size limit of a file, after unpacking.

    Raises:
        FetchError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise FetchError(f"folder {str(folder)!r} cannot be made ({exc.strerror}); name another one.") from exc
    limits = _Limits(allow_private, timeout_s, max_bytes)
    manifest = _read_manifest(folder, say)
    results = []
    for source in sources:
        try:
            before = manifest.get(source.source_id)
            entry, changed = _fetch(source, folder, before, limits)
            manifest[source.source_id] = entry
            if entry != before:
                _write(folder / MANIFEST, json.dumps({name: asdict(manifest[name]) for name in sorted(manifest)}, indent=2) + "\n")
            result = FetchResult(source.source_id, "fetched" if changed else "unchanged", folder / entry.file, f"{entry.bytes:,} bytes")
        except (FetchError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as exc:
            result = FetchResult(source.source_id, "failed", None, _reason(exc))
        say(f"{result.source_id}: {result.status} ({result.reason}).")
        results.append(result)
    return results


def is_public_address(address: str) -> bool:
    """Return whether an IP address lies in the public internet; an IPv4 address within an IPv6 one is judged as the former.

    Example: "93.184.215.14" -> True; "169.254.169.254", "::ffff:127.0.0.1" -> False.

    Raises:
        ValueError: no IP address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _TUNNELS):
            return False
        ip = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False))


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses that the system's resolver gives for a name, in its order."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def checked_addresses(host: str, port: int, *, allow_private: bool = False, resolve: Resolver = resolve_host) -> list[str]:
    """Look a name up once and return its addresses, if every one of them may be connected to.

    Raises:
        FetchError: one of the addresses is not public.
        httpx.ConnectError: the name has no address.
    """
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as exc:
        raise httpx.ConnectError(f"the name {host!r} cannot be resolved") from exc
    refused = [] if allow_private else [address for address in addresses if not is_public_address(address)]
    if refused:
        raise FetchError(f"{host} leads to {refused[0]}, which is no public address")
    return addresses


class _CheckedTransport(httpx.BaseTransport):
    """Connects to the very addresses that were checked, so that a second look-up cannot answer otherwise. Host and TLS name stay the URL's."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        # No connection is kept: one to the same address may have been opened, and its certificate checked, for another name.
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or {"http": 80, "https": 443}[request.url.scheme]
        failure: httpx.TransportError = httpx.ConnectError(f"the name {host!r} has no address")
        for address in checked_addresses(host, port, allow_private=self._allow_private):
            url = request.url.copy_with(host=address)
            extensions = {**request.extensions, "sni_hostname": host}
            try:
                return self._inner.handle_request(httpx.Request("GET", url, headers=request.headers, extensions=extensions))
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                failure = exc
        raise failure

    def close(self) -> None:
        self._inner.close()
