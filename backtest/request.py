"""What a run is asked to do, after its shape was checked and before the catalog has a say.

The faces build these from the pydantic models of `schema`; a stored strategy becomes a `Template`
too, so both modes share every later step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from backtest.axes import Axis
from backtest.errors import Loc
from backtest.types import (
    AnswerPart,
    DirectionMode,
    Instrument,
    Ranking,
    SizingMode,
    Timeframe,
    TimeRange,
)

SignalGrids = Mapping[str, Mapping[str, Axis]]


def _as_requested(loc: Loc) -> Loc:
    return loc


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorGrid:
    """One indicator with the axes that were given; the others come from the defaults.

    `id_member` is where the id was written: stored strategies have several names for it.
    """

    indicator_id: str
    params: Mapping[str, Axis] = field(default_factory=dict[str, Axis])
    source: Axis | None = None
    id_member: str = field(default="indicator_id", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskGrid:
    """Stop-loss and take-profit axes in percent; a scalar stands for a one-value axis."""

    sl_enabled: bool = False
    tp_enabled: bool = False
    sl: Axis | None = None
    tp: Axis | None = None
    sl_pct: float | None = None
    tp_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A grid over one instrument and timeframe.

    `execution` holds only the members that the request gave, as floats: they enter the variant
    key, the defaults do not. `as_written` turns a place in the template into the place where its
    author wrote it: a stored strategy spells some members otherwise.
    """

    instrument: Instrument
    timeframe: Timeframe
    indicator_grids: tuple[IndicatorGrid, ...]
    direction_mode: DirectionMode = DirectionMode.LONG_SHORT
    sizing_mode: SizingMode = SizingMode.ALL_IN
    execution: Mapping[str, float] = field(default_factory=dict[str, float])
    risk_grid: RiskGrid = field(default_factory=RiskGrid)
    signal_grids: SignalGrids = field(default_factory=dict[str, Mapping[str, Axis]])
    as_written: Callable[[Loc], Loc] = field(default=_as_requested, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a saved run changes; None keeps the saved block (docs/saved-strategies.md)."""

    direction_mode: DirectionMode | None = None
    sizing_mode: SizingMode | None = None
    execution: Mapping[str, float] | None = None
    risk_grid: RiskGrid | None = None
    signal_grids: SignalGrids | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A whole request. Exactly one of `strategy_id` and `template` is set."""

    time_range: TimeRange
    strategy_id: UUID | None = None
    overrides: Overrides | None = None
    template: Template | None = None
    warmup_bars: int | None = None
    top_k: int | None = None
    preselect: int | None = None
    top_trades_n: int | None = None
    ranking: Ranking | None = None
    min_trades: int | None = None
    distinct: bool | None = None
    prior_trials: int | None = None
    parts: frozenset[AnswerPart] = frozenset()
