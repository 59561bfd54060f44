"""The saved strategies of a user: listed, saved and deleted where the deployment allows it.

See: docs/saved-strategies.md
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from backtest.axes import Scalar
from backtest.errors import InvalidRequest, Problem, StrategyForbidden, StrategyNotFound
from backtest.plan import Plan, make_plan
from backtest.policy import RunPolicy
from backtest.ports import GridDefaults, SavedLine, SavedStrategy
from backtest.request import RunRequest
from schema.response import Instrument
from schema.saved import MAX_LISTED, MAX_NAME, SavedStrategyLine
from schema.scalars import Timestamp, to_epoch_ms, to_time_text
from schema.strategy_from_variant import default_name, spec_of_variant


class Shelf(Protocol):
    """Where strategies are read; `StrategiesUnavailable` where the store does not answer.

    See: docs/stores.md#saved-strategies (backtest/adapters/strategies/reader.py)
    """

    def find(self, strategy_id: UUID) -> SavedStrategy | None:
        """The stored row, deleted or not."""
        ...

    def of_user(self, user_id: UUID, *, limit: int) -> list[SavedLine]:
        """What a user has saved and not deleted, newest first."""
        ...


class Writer(Protocol):
    """Where strategies are written; `StrategiesUnavailable` where the store does not answer.

    See: docs/stores.md#saved-strategies (backtest/adapters/strategies/writer.py)
    """

    def add(
        self,
        *,
        strategy_id: UUID,
        user_id: UUID,
        name: str,
        spec: Mapping[str, Any],
        created_at: datetime,
    ) -> None:
        """Store a spec as it is."""
        ...

    def delete(self, strategy_id: UUID) -> bool:
        """Mark as deleted; False when there is none."""
        ...


class Strategies:
    """A user's saved strategies; blocking.

    Args:
        shelf: Where they are read.
        open_writer: Where they are written; None where this service may not write them.
        defaults: Axes where a variant names none.
        policy: Money and costs where a variant names none.
        new_id: Makes ids.
        now: The time, with a zone.

    See: docs/saved-strategies.md
    """

    def __init__(
        self,
        *,
        shelf: Shelf,
        open_writer: Callable[[], Writer] | None,
        defaults: GridDefaults,
        policy: RunPolicy,
        new_id: Callable[[], UUID],
        now: Callable[[], datetime],
    ) -> None:
        self._shelf, self._open_writer = shelf, open_writer
        self._defaults, self._policy = defaults, policy
        self._new_id, self._now = new_id, now

    @property
    def can_save(self) -> bool:
        """Whether this service may write them."""
        return self._open_writer is not None

    def of_user(self, user_id: UUID, *, limit: int) -> list[SavedStrategyLine]:
        """What the user has saved, newest first.

        Raises:
            InvalidRequest: The limit is out of bounds.
        """
        if not 1 <= limit <= MAX_LISTED:
            message = f"must be 1 to {MAX_LISTED}, was {limit}"
            raise InvalidRequest([Problem(("limit",), "out_of_bounds", message)])
        return list(map(_to_line, self._shelf.of_user(user_id, limit=limit)))

    def save(
        self, request: RunRequest, *, user_id: UUID, name: str | None = None
    ) -> SavedStrategyLine:
        """Save the one variant that a request spans.

        Every value that a run of it would use is stored, so that no later change of a default can
        change what the strategy means.

        Raises:
            InvalidRequest: It cannot be run, spans several variants, or nothing may be saved here.
        """
        writer = self._writer("saveStrategy")
        spec = spec_of_request(request, self._policy, self._defaults)
        chosen = _checked_name(name) or default_name(spec)
        line = SavedLine(
            strategy_id=self._new_id(),
            name=chosen,
            spec=spec,
            created_at=self._now(),
        )
        writer.add(
            strategy_id=line.strategy_id,
            user_id=user_id,
            name=chosen,
            spec=spec,
            created_at=line.created_at,
        )
        return _to_line(line)

    def delete(self, strategy_id: UUID, *, user_id: UUID) -> None:
        """Delete a strategy of the user.

        Raises:
            InvalidRequest: Nothing may be deleted here.
            StrategyNotFound: There is none.
            StrategyForbidden: It belongs to somebody else.
        """
        writer = self._writer("deleteStrategy")
        saved = self._shelf.find(strategy_id)
        if saved is None or saved.is_deleted:
            raise StrategyNotFound(strategy_id)
        if saved.user_id != user_id:
            raise StrategyForbidden(strategy_id)
        if not writer.delete(strategy_id):
            raise StrategyNotFound(strategy_id)

    def _writer(self, field: str) -> Writer:
        if self._open_writer is None:
            message = (
                "saving and deleting strategies is switched off on this service;"
                " server.save_strategies switches it on"
            )
            raise InvalidRequest([Problem((field,), "saving_disabled", message)])
        return self._open_writer()


def spec_of_request(
    request: RunRequest, policy: RunPolicy, defaults: GridDefaults
) -> dict[str, Any]:
    """The spec payload of the one variant that a request spans.

    Raises:
        InvalidRequest: It cannot be run, or spans several variants.

    See: docs/saved-strategies.md
    """
    assert request.template is not None
    plan = make_plan(request, request.template, policy, defaults)
    n_variants = plan.grid.n_base * plan.n_risk_variants
    if n_variants != 1:
        message = (
            f"only one variant can be saved, but these axes span {n_variants}; give each axis one"
            " value"
        )
        raise InvalidRequest([Problem(("template",), "many_variants", message)])
    answer = {
        "instrument_id": {
            "market_id": plan.settings.instrument.market_id,
            "symbol": plan.settings.instrument.symbol,
        },
        "timeframe": plan.settings.timeframe.value,
        "variants": [{"payload": _payload(plan)}],
    }
    return spec_of_variant(answer, 0)


def _payload(plan: Plan) -> dict[str, Any]:
    grid, settings = plan.resolved_grid(), plan.settings
    execution = settings.execution
    return {
        "indicator_selections": [
            _selection(name, _single(axes)) for name, axes in grid.indicators.items()
        ],
        "signals": {name: _single(axes) for name, axes in grid.signals.items()},
        "risk": {
            "sl_enabled": grid.sl_pct is not None,
            "sl_pct": None if grid.sl_pct is None else grid.sl_pct[0],
            "tp_enabled": grid.tp_pct is not None,
            "tp_pct": None if grid.tp_pct is None else grid.tp_pct[0],
        },
        "execution": {
            "init_cash_quote": execution.init_cash_quote,
            "fixed_quote": execution.fixed_quote,
            "safe_profit_percent": execution.safe_profit_percent,
            "fee_pct": execution.fee_pct,
            "slippage_pct": execution.slippage_pct,
        },
        "direction_mode": settings.direction_mode.value,
        "sizing_mode": settings.sizing_mode.value,
    }


def _single(axes: Mapping[str, tuple[Scalar, ...]]) -> dict[str, Scalar]:
    return {name: values[0] for name, values in axes.items()}


def _selection(indicator_id: str, values: Mapping[str, Scalar]) -> dict[str, Any]:
    source = {name: value for name, value in values.items() if name == "source"}
    params = {name: value for name, value in values.items() if name != "source"}
    return {"indicator_id": indicator_id, "inputs": source, "params": params}


def _checked_name(name: str | None) -> str:
    stripped = (name or "").strip()
    if len(stripped) > MAX_NAME:
        message = f"must have at most {MAX_NAME} characters, has {len(stripped)}"
        raise InvalidRequest([Problem(("name",), "string_too_long", message)])
    if not stripped.isprintable():
        message = "Input should hold printable characters only"
        raise InvalidRequest([Problem(("name",), "unprintable_text", message)])
    return stripped


def _to_line(line: SavedLine) -> SavedStrategyLine:
    """What is known of a row, whoever wrote it: one that cannot run is listed too."""
    spec = line.spec
    stored = spec.get("instrument_id")
    instrument = cast("Mapping[str, object]", stored if isinstance(stored, Mapping) else {})
    market_id = instrument.get("market_id")
    return SavedStrategyLine(
        strategy_id=line.strategy_id,
        name=line.name,
        instrument_id=Instrument(
            market_id=market_id if isinstance(market_id, int) and abs(market_id) < 1 << 31 else 0,
            symbol=_text(instrument.get("symbol")),
        ),
        timeframe=_text(spec.get("timeframe")),
        signal_template=_text(spec.get("signal_template")),
        created_ts=Timestamp(to_time_text(to_epoch_ms(line.created_at))),
    )


def _text(value: object) -> str:
    """A text that can be sent; an escape in JSON may stand for half a character."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
