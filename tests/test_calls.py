"""A model call that can be given up, and the line before a model that answers one question at a time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from rag.calls import outcome, pieces
from rag.turnstile import Turnstile


async def endless(cancelled: threading.Event) -> AsyncIterator[int]:
    try:
        for number in range(1_000_000):
            yield number
            await asyncio.sleep(0.01)
    finally:
        cancelled.set()


def test_pieces_come_in_order_and_end() -> None:
    async def three() -> AsyncIterator[str]:
        for letter in "abc":
            yield letter

    assert list(pieces(three, threading.Event())) == ["a", "b", "c"]


def test_a_stop_cancels_the_call() -> None:
    stop, cancelled = threading.Event(), threading.Event()
    stream = pieces(lambda: endless(cancelled), stop)
    assert next(stream) == 0
    stop.set()
    list(stream)
    assert cancelled.wait(5)


def test_a_caller_that_walks_away_cancels_the_call() -> None:
    cancelled = threading.Event()
    stream = pieces(lambda: endless(cancelled), threading.Event())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert cancelled.wait(5)


def test_a_stop_ends_the_wait_for_a_call_that_gives_nothing() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert outcome(lambda: asyncio.sleep(60, "late"), stop) is None


def test_a_failure_reaches_the_caller() -> None:
    async def fail() -> str:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        outcome(fail, threading.Event())


def test_one_call_gives_its_outcome() -> None:
    assert outcome(lambda: asyncio.sleep(0, "done"), threading.Event()) == "done"


def test_the_first_in_line_does_not_wait() -> None:
    with Turnstile().place() as place:
        assert list(place.wait(threading.Event())) == []


def test_later_ones_learn_how_many_are_ahead_and_go_in_order() -> None:
    line, order, seen = Turnstile(), [], {}
    entered = [threading.Event() for _ in range(3)]
    release = threading.Event()

    def person(number: int) -> None:
        with line.place() as place:
            entered[number].set()
            seen[number] = list(place.wait(threading.Event()))
            order.append(number)
            if number == 0:
                release.wait(10)

    threads = [threading.Thread(target=person, args=(number,)) for number in range(3)]
    for number, thread in enumerate(threads):
        thread.start()
        assert entered[number].wait(5)
    time.sleep(0.5)
    release.set()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2]
    assert (seen[0], seen[1]) == ([], [1])
    assert seen[2][0] == 2


def test_somebody_who_stops_leaves_the_line() -> None:
    line, stop = Turnstile(), threading.Event()
    with line.place() as first:
        assert list(first.wait(threading.Event())) == []
        with line.place() as second:
            waiting = second.wait(stop)
            assert next(waiting) == 1
            stop.set()
            assert list(waiting) == []
        with line.place() as third:
            assert next(third.wait(threading.Event())) == 1, "the second is no longer counted"
