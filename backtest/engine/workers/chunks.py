"""A small thread pool that hands out chunks: the unit of progress, cancellation and deadline.

See: docs/kernels.md
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backtest.control import Control, Stage
from backtest.errors import Overloaded

if TYPE_CHECKING:
    from backtest.engine.workers.accelerator import Accelerator  # whose thread is one of `Workers`

Chunk = Callable[[], None]
RETRY_AFTER_S = 1


@dataclass(eq=False, slots=True)
class _Waiting:
    """A chunk that waits for a thread."""

    chunk: Chunk
    control: Control
    future: Future[None] = field(default_factory=Future[None])

    def carry_out(self) -> None:
        started = time.perf_counter()
        try:
            self.chunk()
        except BaseException as error:  # noqa: BLE001 - handed over to the run
            failure: BaseException | None = error
        else:
            failure = None
        self.control.spend(time.perf_counter() - started)
        if failure is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(failure)


class Workers:
    """Threads for kernels that release the GIL, shared by all runs of a process.

    Every other chunk is of the run that has used the least so far, so a short run is soon done
    beside long ones; the others are those that have waited longest, so no run stands still.

    Args:
        threads: How many chunks run at once, over all runs.
        accelerator: The device that may do some of their work.

    See: docs/kernels.md
    """

    def __init__(self, threads: int, accelerator: "Accelerator | None" = None) -> None:
        self.threads, self.accelerator = threads, accelerator
        self._state = threading.Condition()
        self._line: list[_Waiting] = []
        self._started: list[threading.Thread] = []
        self._n_taken = 0
        self._is_closed = False

    def close(self) -> None:
        """Let running chunks finish and end the threads."""
        with self._state:
            self._is_closed = True
            self._state.notify_all()
        for thread in self._started:
            thread.join()

    def run(self, stage: Stage, chunks: Sequence[Chunk], control: Control) -> None:
        """Run every chunk once; their order and threads must not matter to the result.

        Only as many chunks are handed out as there are threads, so a cancelled run stops within
        one chunk, and runs that share the pool take turns.

        Raises:
            RunCancelled: The control was cancelled.
            DeadlineExceeded: The control's deadline passed.
            Overloaded: The machine has no thread for the pool.
        """
        waiting = iter(chunks)
        under_way: set[Future[None]] = set()
        done = 0
        try:
            while True:
                control.check()
                while len(under_way) < self.threads and (chunk := next(waiting, None)):
                    under_way.add(self._hand_out(chunk, control))
                if not under_way:
                    return
                finished, under_way = wait(
                    under_way, timeout=control.remaining_s(), return_when=FIRST_COMPLETED
                )
                for future in finished:
                    future.result()
                done += len(finished)
                control.progress(stage, done, len(chunks))
        finally:
            wait(under_way)

    def _hand_out(self, chunk: Chunk, control: Control) -> Future[None]:
        waiting = _Waiting(chunk, control)
        with self._state:
            self._start_threads()
            self._line.append(waiting)
            self._state.notify()
        return waiting.future

    def _start_threads(self) -> None:
        """Have all threads, or those that the machine can give; one is enough to go on."""
        while len(self._started) < self.threads:
            thread = threading.Thread(target=self._work, name="backtest", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                if not self._started:
                    raise Overloaded(RETRY_AFTER_S) from None
                return
            self._started.append(thread)

    def _work(self) -> None:
        while (waiting := self._take()) is not None:
            waiting.carry_out()
            del waiting  # or an idle thread would keep the arrays of its last run

    def _take(self) -> _Waiting | None:
        with self._state:
            while not self._line:
                if self._is_closed:
                    return None
                self._state.wait()
            self._n_taken += 1
            longest = self._line[0]
            least = min(self._line, key=lambda waiting: waiting.control.used_s)
            chosen = least if self._n_taken % 2 else longest
            self._line.remove(chosen)
            return chosen


def spans(n_items: int, chunk_size: int) -> list[tuple[int, int]]:
    """`[start, stop)` spans that cover `n_items` in order.

    See: docs/kernels.md
    """
    return [(start, min(n_items, start + chunk_size)) for start in range(0, n_items, chunk_size)]
