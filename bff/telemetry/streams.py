"""Outside dev, whatever anybody in the process prints becomes a line of the log.

Libraries print, warn and die in threads of their own; a reader of the log that expects one JSON
object per line would stumble over each of them.
See: docs/reliability.md#seeing-inside
"""

import io
import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

import structlog

from bff.telemetry.logs import configure_logs

log = structlog.stdlib.get_logger(__name__)


@contextmanager
def logged_process(env: str) -> Generator[None]:
    """Log as the environment asks; outside dev, log what is printed and what dies unseen as well.

    An exception that ends the process is told after the block; so `sys.excepthook` stays changed.

    Args:
        env: `dev`, or any other environment.

    See: docs/reliability.md
    """
    configure_logs(env)
    if env == "dev":
        yield
        return
    on_thread, on_unraisable = threading.excepthook, sys.unraisablehook
    sys.excepthook = lambda kind, exc, stack: log.critical(
        "process_failed", exc_info=(kind, exc, stack)
    )
    threading.excepthook = _log_thread_failure
    sys.unraisablehook = _log_unraisable
    logging.captureWarnings(capture=True)
    printed, complained = _Lines("stdout", logging.INFO), _Lines("stderr", logging.WARNING)
    try:
        with redirect_stdout(cast("TextIO", printed)), redirect_stderr(cast("TextIO", complained)):
            yield
    finally:
        logging.captureWarnings(capture=False)
        threading.excepthook, sys.unraisablehook = on_thread, on_unraisable


class _Lines(io.TextIOBase):
    """Takes text as a stream does and logs each line of it.

    Args:
        name: Of the stream; the name of the logger.
        level: Of the lines.
    """

    def __init__(self, name: str, level: int) -> None:
        self._log = structlog.stdlib.get_logger(name)
        self._level = level
        self._state = threading.local()

    def write(self, text: str) -> int:
        """Log what is complete; the rest waits for its end, in each thread for itself."""
        *lines, self._state.rest = (getattr(self._state, "rest", "") + text).split("\n")
        for line in lines:
            if line.strip():
                self._log_line(line.rstrip())
        return len(text)

    def _log_line(self, line: str) -> None:
        # The log itself complains here where it cannot be written.
        if getattr(self._state, "is_logging", False):
            return
        self._state.is_logging = True
        try:
            self._log.log(self._level, line)
        finally:
            self._state.is_logging = False


def _log_thread_failure(args: threading.ExceptHookArgs) -> None:
    name = None if args.thread is None else args.thread.name
    log.error(
        "thread_failed",
        thread=name,
        exc_info=(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback),
    )


def _log_unraisable(args: "sys.UnraisableHookArgs") -> None:
    exc_info = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    log.error("exception_ignored", place=args.err_msg, exc_info=exc_info)
