"""A pool without threads: what is handed in gets its turn sooner or later, in an order that a seed decides.

So a run is the same at every repetition, down to the number of each request and commit, and yet a page may be asked
for long before, or only after, the one before it is written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from random import Random
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Turns(Executor):
    """First come, first served, like a pool of one. Whoever waits for an answer gives a turn to all before it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._waiting: deque[Callable[[], None]] = deque()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        promised: _Promised[T] = _Promised(self)
        self._waiting.append(partial(promised.keep, partial(fn, *args, **kwargs)))
        for _ in range(self._random.randrange(3)):
            self.turn()
        return promised

    def turn(self) -> bool:
        """Does what has waited longest; False when nothing waits."""
        if not self._waiting:
            return False
        self._waiting.popleft()()
        return True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        while self.turn():
            pass


class _Promised(Future[T]):
    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def keep(self, doing: Callable[[], T]) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(doing())
        except BaseException as error:
            self.set_exception(error)

    def result(self, timeout: float | None = None) -> T:
        while not self.done() and self._turns.turn():
            pass
        return super().result(timeout=0)
