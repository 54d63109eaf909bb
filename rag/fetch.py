"""Public full texts named in a source list -> files in a folder, each with a sidecar that says what it is and whose.

Stands before the library: writes files, sidecars and a manifest; reads no text, builds no index. A source list is data, not trust: only http and https,
never an address of a private network, and a file gets its name only when it is whole. Files named by a source id belong to this module: it
overwrites them and deletes none. Proxies of the environment are not used: a proxy would look names up itself, past the check.
"""

import contextlib
import hashlib
import ipaddress
import json
import multiprocessing.pool
import socket
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import httpx
import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed
from tqdm import tqdm

from rag.errors import FetchError

EXTENSIONS = {"text/html": ".html", "application/pdf": ".pdf"}
MANIFEST = "manifest.json"
MAX_REDIRECTS = 5
HEADERS = {"User-Agent": "Osseous/0.1 (private reading copy)", "Accept-Encoding": "gzip"}  # other encodings may unpack without bounds
PASSING = (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError, httpx.HTTPStatusError)  # the last: raised for 5xx only
Entry = dict[str, str | int | None]  # url, final_url, fetched (ISO, UTC), sha256 and bytes (as stored), etag, last_modified, file
Manifest = dict[str, Entry]  # by source id
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """A text to fetch: one table `[[source]]` of the list. `licence` says in words what a reader may do with it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", str_strip_whitespace=True)
    source_id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    title: Annotated[str, Field(min_length=3, max_length=300)]
    publisher: Annotated[str, Field(min_length=2, max_length=120)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")]
    licence: Annotated[str, Field(min_length=3)]
    content_type: Literal["text/html", "application/pdf"]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What became of a source. When it failed, `path` is None, `reason` says why, and a file fetched earlier is kept."""

    source_id: str
    status: Literal["fetched", "unchanged", "failed"]
    path: Path | None
    reason: str


def load_sources(path: Path) -> list[RemoteSource]:
    """Read a source list (TOML, one table `[[source]]` a text), in its order.

    Raises:
        FetchError: the file is missing or no TOML, holds no source, a field breaks the schema, or two sources have one id.
    """
    where = f"source list {str(path)!r}"
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as exc:
        raise FetchError(f"{where} cannot be read as TOML in UTF-8 ({exc}).") from exc
    if not isinstance(entries := table.get("source"), list) or not entries or len(table) > 1:
        raise FetchError(f"{where} must hold tables [[source]] and nothing else, found {sorted(table)!r}.")
    sources: dict[str, RemoteSource] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            source = TypeAdapter(RemoteSource).validate_python(entry)
        except ValidationError as exc:
            first = exc.errors()[0]
            field, found = (
                first["loc"][0] if first["loc"] else "the whole",
                "" if first["type"] == "missing" else f", found {first['input']!r:.80}",
            )
            raise FetchError(f"{where}, entry {number}: field {field!r}: {first['msg']}{found}.") from exc
        if source.source_id in sources:
            raise FetchError(f"{where}, entry {number}: field 'source_id': {source.source_id!r} is already taken.")
        sources[source.source_id] = source
    return list(sources.values())


def fetch_sources(
    sources: list[RemoteSource], folder: Path, *, say: Say, allow_private: bool = False, timeout_s: float = 30, max_bytes: int = 30_000_000
) -> list[FetchResult]:
    """Fetch each source into the folder and say what became of each, in order; a bad one never stops the rest.

    Args:
        sources: What to fetch.
        folder: Holds the files, their sidecars `<file>.yaml` and `manifest.json`; made if missing.
        say: Receives one sentence a source.
        allow_private: Also connect to private and loopback addresses; for tests.
        timeout_s: Seconds a source may take in all: name look-up, redirects and second try included.
        max_bytes: Size limit of a file, after unpacking.
    """
    manifest, results = _read_manifest(folder / MANIFEST, say), []
    timeout = httpx.Timeout(timeout_s, connect=timeout_s / 3)  # time is left for the other addresses of a name
    with httpx.Client(transport=_CheckedTransport(allow_private), headers=HEADERS, timeout=timeout) as client:
        for source in sources:
            try:
                result = _fetch(client, source, folder, manifest, timeout_s, max_bytes)
            except (FetchError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, KeyError) as exc:
                result = FetchResult(source.source_id, "failed", None, str(exc) or type(exc).__name__)
            say(f"{result.source_id}: {result.status} ({result.reason}).")
            results.append(result)
    return results


def is_public_address(address: str) -> bool:
    """Return whether an IP address lies in the public internet; an IPv4 address mapped into IPv6 is judged as the former.

    Example: "93.184.215.14" -> True; "169.254.169.254" and "::ffff:127.0.0.1" -> False.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip.is_site_local or ip.sixtofour):
        # 6to4 leads to an IPv4 address unseen; so do Teredo and NAT64 (64:ff9b::/96), which count as private and reserved below.
        return ip.ipv4_mapped is not None and is_public_address(str(ip.ipv4_mapped))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def checked_addresses(host: str, *, allow_private: bool = False, resolve: Callable[[str], list[str]] | None = None) -> list[str]:
    """Look a name up once, by the system's resolver or another, and return its addresses if every one may be connected to.

    Raises:
        FetchError: one of the addresses is not public.
        httpx.ConnectError: the name has no address.
    """
    try:
        found = resolve(host) if resolve else [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as exc:
        raise httpx.ConnectError(f"the name {host!r} cannot be resolved") from exc
    for address in found:
        if not allow_private and not is_public_address(address):
            raise FetchError(f"{host} leads to {address}, which is no public address")
    return found


class _CheckedTransport(httpx.HTTPTransport):
    """Connects to the very addresses that were checked: a second look-up could answer otherwise. Host and TLS name stay the URL's."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        # No connection is kept: one to the same address may have been opened, and its certificate checked, for another name.
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        failure: httpx.TransportError = httpx.ConnectError(f"the name {host!r} has no address")
        for address in checked_addresses(host, allow_private=self._allow_private):
            url, extensions = request.url.copy_with(host=address), {**request.extensions, "sni_hostname": host}
            try:
                return super().handle_request(httpx.Request("GET", url, headers=request.headers, extensions=extensions))
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                failure = exc
        raise failure


def _fetch(client: httpx.Client, source: RemoteSource, folder: Path, manifest: Manifest, timeout_s: float, max_bytes: int) -> FetchResult:
    path = folder / f"{source.source_id}{EXTENSIONS[source.content_type]}"
    if path.parent != folder:
        raise FetchError(f"source id {source.source_id!r} is refused: the file named by it would lie outside the folder")
    folder.mkdir(parents=True, exist_ok=True)
    stored = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    known = manifest.get(source.source_id)
    if known and (known.get("url"), known.get("sha256")) != (source.url, stored):
        known = None  # another address, or the file is gone or was edited: fetch anew
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder, ignore_cleanup_errors=True) as name:
        new = Path(name)
        entry = _within(timeout_s, lambda: _download(client, source, known, new / path.name, max_bytes))
        sidecar = {"title": source.title, "publisher": source.publisher, "url": source.url, "rights": source.licence}
        (new / f"{path.name}.yaml").write_text(yaml.safe_dump(sidecar, sort_keys=False, allow_unicode=True), encoding="utf-8")
        (new / MANIFEST).write_text(json.dumps(manifest | {source.source_id: entry}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        for part in filter(Path.exists, (new / f"{path.name}.yaml", new / path.name, new / MANIFEST)):
            part.replace(folder / part.name)
    manifest[source.source_id] = entry
    return FetchResult(source.source_id, "unchanged" if entry["sha256"] == stored else "fetched", path, f"{path.stat().st_size:,} bytes")


def _within(timeout_s: float, work: Callable[[], Entry]) -> Entry:
    """Wait so long and no longer: a name look-up, or headers that trickle in, cannot be timed out otherwise."""
    try:
        with multiprocessing.pool.ThreadPool(1) as pool:  # of a daemon thread: left behind, it holds up nothing
            return pool.apply_async(work).get(timeout_s)
    except multiprocessing.TimeoutError:
        raise FetchError(f"not complete within {timeout_s:g} s") from None


@retry(retry=retry_if_exception_type(PASSING), stop=stop_after_attempt(2), wait=wait_fixed(0.5), reraise=True)
def _download(client: httpx.Client, source: RemoteSource, known: Entry | None, part: Path, max_bytes: int) -> Entry:
    """Follow redirects by hand, each through the address check; return `known` when the site says that nothing has changed."""
    asked = {"If-None-Match": known.get("etag"), "If-Modified-Since": known.get("last_modified")} if known else {}
    headers = {name: str(value) for name, value in asked.items() if value and str(value).isascii()}
    request, schemes = client.build_request("GET", source.url, headers=headers), {"http", "https"}
    for _ in range(MAX_REDIRECTS + 1):
        if request.url.scheme not in schemes:
            raise FetchError(f"{request.url} is refused: only {' or '.join(sorted(schemes))} may follow here")
        schemes = {"https"} if request.url.scheme == "https" else schemes  # never back to http
        with contextlib.closing(client.send(request, stream=True)) as response:
            if known and response.status_code == httpx.codes.NOT_MODIFIED:
                return known
            if response.next_request is None:
                return _store(response, source, part, max_bytes)
            request = response.next_request
    raise FetchError(f"more than {MAX_REDIRECTS} redirects")


def _store(response: httpx.Response, source: RemoteSource, part: Path, max_bytes: int) -> Entry:
    """Check status, type and size, and write the body to `part`. The size is counted, whatever the headers promise."""
    answer, headers = f"{response.url} answered {response.status_code} {response.reason_phrase}; a browser may tell why", response.headers
    if response.status_code != httpx.codes.OK:
        raise httpx.HTTPStatusError(answer, request=response.request, response=response) if response.is_server_error else FetchError(answer)
    found, encoding = headers.get("content-type", "").partition(";")[0].strip().lower(), headers.get("content-encoding", "identity")
    if found != source.content_type or encoding not in {"gzip", "identity"}:
        raise FetchError(f"{response.url} sends {found!r} (encoding {encoding}), expected {source.content_type!r}")
    size, length, digest = 0, int(headers.get("content-length", 0)), hashlib.sha256()
    with part.open("wb") as out, tqdm(total=length or None, unit="B", unit_scale=True, desc=part.name, disable=None, leave=False) as bar:
        for block in response.iter_bytes():
            size += len(block)
            if max(size, length) > max_bytes or not part.exists():  # it is gone when nobody waits any more
                raise FetchError(f"{response.url} is larger than {max_bytes:,} bytes")
            out.write(block)
            digest.update(block)
            bar.update(len(block))
    if size == 0:
        raise FetchError(f"{response.url} is empty")
    now, etag, last_modified = datetime.now(UTC).isoformat(timespec="seconds"), headers.get("etag"), headers.get("last-modified")
    entry: Entry = {"url": source.url, "final_url": str(response.url), "fetched": now, "sha256": digest.hexdigest(), "bytes": size}
    return entry | {"etag": etag, "last_modified": last_modified, "file": part.name}


def _read_manifest(path: Path, say: Say) -> Manifest:
    try:
        return TypeAdapter(Manifest).validate_json(path.read_bytes()) if path.exists() else {}
    except (OSError, ValidationError):
        say(f"{path} cannot be read: it is written anew, and every source is fetched again.")
        return {}
