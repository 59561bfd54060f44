"""What the stages of a run take.

See: docs/reliability.md
"""

import time
from collections.abc import Generator
from contextlib import contextmanager


class Stopwatch:
    """Seconds spent in each stage of a run, by its name.

    See: docs/reliability.md
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Count the time of a block under `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - start
