"""A small thread pool that hands out chunks: the unit of progress, cancellation and deadline.

See: docs/kernels.md
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from backtest.control import Control

Chunk = Callable[[], None]


class Workers:
    """Threads for kernels that release the GIL, shared by all runs of a process.

    Args:
        threads: How many chunks run at once, over all runs.

    See: docs/kernels.md
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="backtest")

    def close(self) -> None:
        """Let running chunks finish and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, stage: str, chunks: Sequence[Chunk], control: Control) -> None:
        """Run every chunk once; their order and threads must not matter to the result.

        Only as many chunks are handed out as there are threads, so a cancelled run stops within
        one chunk, and runs that share the pool take turns.

        Raises:
            RunCancelled: The control was cancelled.
            DeadlineExceeded: The control's deadline passed.
        """
        waiting = iter(chunks)
        under_way: set[Future[None]] = set()
        done = 0
        try:
            while True:
                control.check()
                while len(under_way) < self.threads and (chunk := next(waiting, None)):
                    under_way.add(self._pool.submit(chunk))
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


def spans(n_items: int, chunk_size: int) -> list[tuple[int, int]]:
    """`[start, stop)` spans that cover `n_items` in order.

    See: docs/kernels.md
    """
    return [(start, min(n_items, start + chunk_size)) for start in range(0, n_items, chunk_size)]
