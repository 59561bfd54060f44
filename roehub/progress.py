"""A bar while a run works, in a terminal or in a notebook.

See: docs/python.md
"""

import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from backtest.control import ProgressCallback

FIRST = "preparing (the first run on a machine compiles)"
FORMAT = "{desc} {bar} {percentage:.0f} %"


@contextmanager
def bar(is_wanted: bool) -> Generator[ProgressCallback | None]:
    """What a run tells its progress to; None where nobody would see it.

    See: docs/python.md
    """
    if not is_wanted or not _is_seen():
        yield None
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without widgets gets a bar of text
            from tqdm.auto import tqdm  # noqa: PLC0415 - of the extra `notebook`
    except ImportError:
        yield None
        return
    with tqdm(total=1.0, desc=FIRST, bar_format=FORMAT, leave=False) as shown:

        def show(stage: str, done: int, total: int) -> None:
            shown.set_description_str(stage.replace("_", " "), refresh=False)
            shown.n = done / total if total else 1.0
            shown.refresh()

        yield show


def _is_seen() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
