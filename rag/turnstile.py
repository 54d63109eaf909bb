"""One at a time, in the order of arrival: the line before the local model, which can answer one question at once.

Without it the model's server would hold back later questions without a word. Knows nothing of models.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

POLL_S = 0.2  # how soon somebody who stops while waiting leaves the line


class Turnstile:
    """A line of people; `place` joins it and leaves it."""

    def __init__(self) -> None:
        self._line: list[Place] = []
        self._moved = threading.Condition()

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """Join the line at its end; leave it at the end of the `with`, whatever happened."""
        place = Place(self)
        with self._moved:
            self._line.append(place)
        try:
            yield place
        finally:
            with self._moved:
                self._line.remove(place)
                self._moved.notify_all()

    def ahead_of(self, place: "Place", *, unlike: int) -> int:
        """Return how many stand before this place; wait a moment for that number to differ from `unlike`."""
        with self._moved:
            self._moved.wait_for(lambda: self._line.index(place) != unlike, timeout=POLL_S)
            return self._line.index(place)


class Place:
    """Somebody's place in the line."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile

    def wait(self, stop: threading.Event) -> Iterator[int]:
        """Yield the number of those ahead each time it changes; end when there is none, or when `stop` is set."""
        ahead = -1
        while not stop.is_set():
            now = self._turnstile.ahead_of(self, unlike=ahead)
            if now == 0:
                return
            if now != ahead:
                yield now
            ahead = now
