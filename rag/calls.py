"""A model call that can be given up. It runs on an event loop in a thread of its own: when `stop` is set, or the caller walks away, the task is
cancelled, which closes the connection, and the model's server ends its work instead of writing to nobody.

All calls share one loop, because the providers' clients keep connections that belong to a loop. Knows no prompt and no provider.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

POLL_S = 0.05  # how soon a stop is seen while nothing arrives

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Ended:
    """What comes after the last piece: the failure that ended the call, or None."""

    failure: Exception | None


class _Loop:
    """The loop, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="model-calls", daemon=True).start()
            return self._loop


_LOOP = _Loop()


def pieces(open_stream: Callable[[], AsyncIterator[T]], stop: threading.Event) -> Iterator[T]:
    """Yield what a stream gives, as it arrives; end early when `stop` is set.

    Args:
        open_stream: Starts the call; called on the loop's thread.
        stop: When set, the call is cancelled.

    Raises:
        Exception: whatever the call raised.
    """
    arrived: queue.Queue[T | _Ended] = queue.Queue()

    async def pump() -> None:
        failure: Exception | None = None
        try:
            async for piece in open_stream():
                arrived.put(piece)
        except Exception as exc:  # handed to the caller's thread
            failure = exc
        arrived.put(_Ended(failure))

    task = asyncio.run_coroutine_threadsafe(pump(), _LOOP.get())
    try:
        while not stop.is_set():
            try:
                piece = arrived.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(piece, _Ended):
                if piece.failure:
                    raise piece.failure
                return
            yield piece
    finally:
        task.cancel()


def outcome(call: Callable[[], Awaitable[T]], stop: threading.Event) -> T | None:
    """Return what one call gives, or None when `stop` was set before it came.

    Raises:
        Exception: whatever the call raised.
    """

    async def once() -> AsyncIterator[T]:
        yield await call()

    return next(pieces(once, stop), None)
