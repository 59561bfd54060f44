"""What can go wrong in a backtest, in the words of the domain (never of HTTP).

BacktestError
├── Mistake                   the caller can fix it
│   ├── InvalidRequest        a list of problems, each at a place in the request
│   │   ├── NoMarketData      nothing is stored for the range
│   │   │   ├── UnknownInstrument nothing is stored for the symbol, or for its whole market
│   │   │   └── TimeframeTooShort what is stored is too long for bars of the timeframe
│   │   └── EmptyRange        no bar closes inside the range
│   ├── GuardExceeded         the grid is larger than the service allows
│   │   ├── AnswerTooLong     what it would be answered with is longer than that
│   │   └── MemoryExceeded    it needs more memory than all runs together may have
│   ├── StrategyForbidden     the saved strategy belongs to somebody else
│   ├── StrategyNotFound      missing or deleted, indistinguishably
│   ├── BrokenInvariant       the use-case was handed both modes or neither
│   ├── RateLimited           a user's own limit
│   └── Overloaded            no room in the run queue
└── Transient                 trying again later may help
    ├── CandlesUnavailable    the candle store does not answer, or not completely
    ├── StrategiesUnavailable the strategy store does not answer
    ├── RunnerUnavailable     the process that computes has ended
    ├── ClusterUnavailable    no node of the cluster is there, or each that tried was lost
    ├── DeadlineExceeded      the run's time is up
    └── RunCancelled          the caller has left

Every class owns its message; callers pass facts. `bff/http/errors.py` maps classes to codes.
See: docs/errors.md
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a request.

    `loc` is the place in the request as a client writes it over REST, without the leading `body`:
    `("template", "indicator_grids", 0, "params", "window", "step")`. A place in a stored strategy
    starts with `"spec"`.

    See: docs/errors.md
    """

    loc: Loc
    code: str
    message: str


class BacktestError(Exception):
    """Root of all expected failures.

    See: docs/errors.md
    """

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details or {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what an error is, not how it was made: each class is made in a way of its own."""
        return _remade, (type(self), self.args, self.__dict__)


class Mistake(BacktestError):
    """The request is at fault; sending it again unchanged gives the same answer.

    See: docs/errors.md
    """


class Transient(BacktestError):
    """The service or the clock is at fault; the same request may succeed later.

    See: docs/errors.md
    """


class InvalidRequest(Mistake):
    """One or more problems, every one with its place.

    See: docs/errors.md
    """

    def __init__(self, problems: Iterable[Problem], message: str = "Validation failed") -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class NoMarketData(InvalidRequest):
    """The store holds no candle that a bar of the range could be made of.

    Args:
        stored: What it holds of the instrument, where that was asked:
            `BTCUSDT: 2023-03-01 to 2023-03-21`.
        problem: The problem to tell instead, where the range is not it.

    See: docs/errors.md
    """

    def __init__(self, stored: str | None = None, problem: Problem | None = None) -> None:
        message = "no candles are stored for this range"
        if stored is not None:
            message += f"; available: {stored}"
        super().__init__(
            [problem or Problem(("time_range",), "no_market_data", message)],
            "no market data for requested range",
        )


class UnknownInstrument(NoMarketData):
    """The store holds no candle of the instrument, whatever the range.

    Args:
        loc: Where the instrument stands in the request.
        market_id: Its market.
        symbol: Its symbol.
        nearest: Symbols of that market to choose from, the most similar first.
        n_more: How many symbols that market has beside these.
        markets: All markets that have candles.
        elsewhere: Markets that have the symbol.

    See: docs/errors.md
    """

    def __init__(
        self,
        loc: Loc,
        market_id: int,
        symbol: str,
        *,
        nearest: Sequence[str],
        n_more: int,
        markets: Sequence[int],
        elsewhere: Sequence[int],
    ) -> None:
        place, code = ("symbol", "unknown_symbol")
        message = f"no candles of {symbol} are stored for market {market_id}"
        if not markets:
            message = (
                "the candle store is empty; fill it with candles import, candles download or"
                " candles generate"
            )
        elif market_id not in markets:
            place, code = ("market_id", "unknown_market")
            message = f"no candles are stored for market {market_id}, only for {_listed(markets)}"
        else:
            more = f" (and {n_more} more)" if n_more else ""
            message += f"; the most similar symbols in that market: {', '.join(nearest)}{more}"
        if elsewhere:
            message += f"; {symbol} is stored for market {_listed(elsewhere)}"
        super().__init__(problem=Problem((*loc, place), code, message))


class TimeframeTooShort(NoMarketData):
    """Candles are stored, but no bar of this timeframe can be made of them.

    Args:
        loc: Where the timeframe stands in the request.
        timeframe: Length of a bar: `15m`.
        lengths: Of the stored candles: `1h`.
        choices: Timeframes that they do for.

    See: docs/errors.md
    """

    def __init__(
        self, loc: Loc, timeframe: str, *, lengths: Sequence[str], choices: Sequence[str]
    ) -> None:
        stored = " and ".join(lengths)
        message = (
            f"only {stored} candles are stored, and {timeframe} bars cannot be built from them"
        )
        if choices:
            message += f"; choose timeframe {', '.join(choices)}"
        super().__init__(problem=Problem(loc, "timeframe_too_short", message))


class EmptyRange(InvalidRequest):
    """No bar closes inside the range, whatever is stored.

    Args:
        timeframe: Length of a bar: `1h`.
        stored: As for `NoMarketData`.

    See: docs/errors.md
    """

    def __init__(self, timeframe: str, stored: str) -> None:
        message = (
            f"no {timeframe} bar closes inside the range; choose a longer range or a shorter"
            f" timeframe; available: {stored}"
        )
        super().__init__([Problem(("time_range",), "empty_target", message)])


class GuardExceeded(Mistake):
    """A grid would cost more than the configured limits; the details are sorted by name.

    See: docs/errors.md
    """

    def __init__(self, message: str, *, error: str, stage: str, **numbers: int) -> None:
        details = {"error": error, "stage": stage, **numbers}
        super().__init__(message, dict(sorted(details.items())))


class AnswerTooLong(GuardExceeded):
    """The text of an answer would be longer than the configured limit."""

    def __init__(self, *, n_bytes: int, limit: int, stage: str) -> None:
        super().__init__(
            f"The answer would exceed {limit} bytes; lower top_trades_n or top_k, select fewer "
            "fields or shorten the range",
            error="answer_max_bytes_exceeded",
            stage=stage,
            answer_bytes=n_bytes,
            answer_max_bytes=limit,
        )


class MemoryExceeded(GuardExceeded):
    """A run needs more memory than there is for all of them, or took it without being counted."""

    def __init__(self, stage: str, **numbers: int) -> None:
        super().__init__(
            "The run would need more memory than the service may use; shorten the range",
            error="memory_bytes_exceeded",
            stage=stage,
            **numbers,
        )


class StrategyForbidden(Mistake):
    """Only the owner of a saved strategy may run it.

    See: docs/errors.md
    """

    def __init__(self, strategy_id: UUID) -> None:
        super().__init__(
            "Backtest strategy does not belong to current user",
            {"strategy_id": str(strategy_id)},
        )


class StrategyNotFound(Mistake):
    """No such strategy, or it was deleted; the two look the same from outside.

    See: docs/errors.md
    """

    def __init__(self, strategy_id: UUID) -> None:
        super().__init__("Backtest strategy was not found", {"strategy_id": str(strategy_id)})


class BrokenInvariant(Mistake):
    """The use-case was called with a request that no validated face can produce.

    See: docs/errors.md
    """

    def __init__(self) -> None:
        super().__init__("A run needs exactly one of a saved strategy and a template")


class RateLimited(Mistake):
    """The user has used up a limit of their own.

    See: docs/errors.md
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "You have used up a limit of your own; try again later",
            {"retry_after_s": retry_after_s},
        )
        self.retry_after_s = retry_after_s


class Overloaded(Mistake):
    """The run queue is full.

    See: docs/errors.md
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "The service is busy with other runs; try again later", {"retry_after_s": retry_after_s}
        )
        self.retry_after_s = retry_after_s


class CandlesUnavailable(Transient):
    """The candle store cannot be reached, or its answer was not complete.

    See: docs/errors.md
    """

    def __init__(self, message: str = "The candle store is not available") -> None:
        super().__init__(message)


class StrategiesUnavailable(Transient):
    """The strategy store cannot be reached.

    See: docs/errors.md
    """

    def __init__(self, message: str = "The strategy store is not available") -> None:
        super().__init__(message)


class RunnerUnavailable(Transient):
    """The process that computes ended in the middle of a run, by a crash or for lack of memory.

    See: docs/errors.md
    """

    def __init__(self) -> None:
        super().__init__("The backtest process stopped during the run; send the request again")


class ClusterUnavailable(Transient):
    """No machine of the cluster can do the run, or as many as may try were lost while they did.

    Args:
        n_lost: How many were lost.

    See: docs/errors.md
    """

    def __init__(self, n_lost: int = 0) -> None:
        super().__init__(
            "No cluster node is available to run backtests; try again later",
            {"nodes_lost": n_lost} if n_lost else {},
        )


class DeadlineExceeded(Transient):
    """The configured time for one run has passed; all work was stopped.

    See: docs/errors.md
    """

    def __init__(self, deadline_s: float) -> None:
        super().__init__(
            "The run did not finish in time; use a smaller grid or a shorter range",
            {"deadline_seconds": deadline_s},
        )


class RunCancelled(Transient):
    """The caller left or the service is stopping; all work was stopped.

    See: docs/errors.md
    """

    def __init__(self) -> None:
        super().__init__("The run was cancelled; send the request again")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _remade(
    kind: type[BacktestError], args: tuple[object, ...], facts: Mapping[str, object]
) -> BacktestError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error
