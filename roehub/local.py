"""Runs in this process, on the configured stores or on a folder.

See: docs/python.md
"""

import atexit
import json
import logging
import os
import sys
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from roehub.asking import Body, request
from roehub.errors import Refused
from roehub.progress import bar
from roehub.result import Curve, Result

if TYPE_CHECKING:
    from backtest.control import Control
    from bff.wiring import Services
    from schema.response import BacktestResponse

NOBODY = UUID(int=0)


def run(
    body: Mapping[str, Any] | None = None,
    /,
    *,
    store: str | os.PathLike[str] | None = None,
    user_id: UUID = NOBODY,
    progress: bool = True,
    **words: Any,
) -> Result:
    """Run a grid in this process.

    Blocks until the answer is there; an interrupt ends the run.

    Args:
        body: A request as REST takes it.
        store: A data directory with candles; by default what the environment configures.
        user_id: Whose saved strategies may be run.
        progress: Whether to show a bar, where there is a terminal or a notebook to show it in.
        **words: Members of the request, as `roehub.request` takes them.

    Raises:
        Refused: What a service would answer instead of a result.
        TypeError: A word that no request has.
        ValueError: A value that no request can be made from.

    See: docs/python.md
    """
    asked = request(body, **words)
    return Here(store, user_id).run(asked, progress=progress)


class Here:
    """This process as a place where requests are answered.

    Args:
        store: A data directory, or None for the configured stores.
        user_id: Who asks.

    See: docs/python.md
    """

    def __init__(self, store: str | os.PathLike[str] | None, user_id: UUID) -> None:
        self._services = _services(store)
        self._user_id = user_id

    def run(self, asked: Body, *, progress: bool) -> Result:
        """Answer a request.

        Raises:
            Refused: What a service would answer instead of a result.

        See: docs/python.md
        """
        from schema.response import to_json  # noqa: PLC0415 - `import roehub` is quick

        with bar(progress) as show, _refusals():
            answer = self._response(asked, show)
        return Result(request=asked, answer=json.loads(to_json(answer)), place=self)

    def alone(self, asked: Body) -> Mapping[str, Any]:
        """The answer to a request of one variant, with its report even where they are withheld.

        See: docs/python.md
        """
        from schema.response import to_json  # noqa: PLC0415 - `import roehub` is quick

        with _refusals():
            return json.loads(to_json(self._response(asked, None, is_explicit=True)))

    def curve(self, asked: Body, n_points: int) -> Curve:
        """The equity of the only variant of a request.

        See: docs/metrics.md
        """
        with _refusals():
            (variant,) = self._response(asked, None, is_explicit=True).variants
            assert variant.report is not None
            points = variant.report.equity_curve(n_points)
        return [(point.ts, point.equity, point.drawdown_pct) for point in points]

    def surface(self, asked: Body, x: str, y: str, statistic: str) -> Mapping[str, Any]:
        """A map of returns over two axes.

        See: docs/landscape.md
        """
        from schema.landscape import SurfaceStatistic  # noqa: PLC0415 - `import roehub` is quick

        with _refusals():
            landscape = self._response({**asked, "include": ["landscape"]}, None).landscape
            if landscape is None:
                return {}
            found = landscape.surface(x, y, SurfaceStatistic[statistic.upper()])
        return {"x": found.x_values, "y": found.y_values, "cells": found.cells}

    def _response(self, asked: Body, show: Any, *, is_explicit: bool = False) -> "BacktestResponse":
        from backtest.control import Control  # noqa: PLC0415 - `import roehub` is quick

        control = Control(on_progress=show)
        with ThreadPoolExecutor(1, thread_name_prefix="roehub") as thread:
            try:
                return thread.submit(self._compute, asked, control, is_explicit).result()
            except BaseException:
                control.cancel()  # an interrupt: the run ends before the thread is left
                raise

    def _compute(self, asked: Body, control: "Control", is_explicit: bool) -> "BacktestResponse":
        from backtest.policy import Want  # noqa: PLC0415 - `import roehub` is quick
        from bff.http.strict_json import parse_json  # noqa: PLC0415
        from schema.parse import parse_request  # noqa: PLC0415

        parsed = parse_request(parse_json(json.dumps(asked).encode(), self._services.json_limits))
        want = Want(parts=parsed.parts, is_explicit=is_explicit)
        return self._services.service.run(parsed, user_id=self._user_id, control=control, want=want)


@contextmanager
def _refusals() -> Generator[None]:
    """What is expected to fail, as a service would say it."""
    from backtest.errors import BacktestError  # noqa: PLC0415 - `import roehub` is quick
    from bff.http.errors import RoehubError, payload, to_roehub  # noqa: PLC0415

    try:
        yield
    except RoehubError as exc:
        raise Refused.of(payload(exc)) from None
    except BacktestError as exc:
        raise Refused.of(payload(to_roehub(exc))) from None


_opened: dict[frozenset[tuple[str, str]], "Services"] = {}


def close() -> None:
    """Close the stores and end the threads that runs of this process use.

    See: docs/python.md
    """
    while _opened:
        _opened.popitem()[1].close()


atexit.register(close)


def _services(store: str | os.PathLike[str] | None) -> "Services":
    """The engine and its stores, kept for the next run in this process that wants the same ones.

    Raises:
        ValueError: There is no such folder; an empty one in its place would hide a slip of the pen.
    """
    from bff.config.environment import KNOWN_VARIABLES  # noqa: PLC0415 - `import roehub` is quick
    from bff.config.settings import load_settings  # noqa: PLC0415
    from bff.wiring import build  # noqa: PLC0415

    _log_warnings_only()
    environ = dict(os.environ) if store is None else {"ROEHUB_DATA_DIR": str(store)}
    folder = Path(environ.get("ROEHUB_DATA_DIR") or ".data").resolve()
    if store is not None and not folder.is_dir():
        raise ValueError(f"there is no store in {folder}; roehub.candles.put(…, store=…) makes one")
    environ["ROEHUB_DATA_DIR"] = str(folder)
    wanted = frozenset((name, environ.get(name, "")) for name in KNOWN_VARIABLES)
    if wanted not in _opened:
        _opened[wanted] = build(load_settings(environ))
    return _opened[wanted]


def _log_warnings_only() -> None:
    """The log of a service is not for a notebook; a log that was configured stays as it is."""
    import structlog  # noqa: PLC0415 - `import roehub` is quick

    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
