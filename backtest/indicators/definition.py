"""What the catalog says of an indicator: parameters, axes, outputs, and the rule that reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from backtest.types import FloatArray

NumberKind = Literal["int", "float"]


class RuleFamily(StrEnum):
    """The eight ways to turn a series into long, short and neutral (docs/signals.md)."""

    COMPARE_PRICE = "compare_price_to_output"
    COMPARE_VOLUME = "compare_volume_to_output"
    THRESHOLD_BAND = "threshold_band"
    THRESHOLD_CENTERED = "threshold_centered"
    SIGN = "sign"
    DELTA_SIGN = "delta_sign"
    CANDLE_BODY = "candle_body_direction"
    PIVOT_EVENTS = "pivot_events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter of an indicator with its hard bounds and step lattice (origin `hard_min`)."""

    name: str
    kind: NumberKind
    hard_min: float
    hard_max: float
    step: float
    default: float
    affects_primary: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers mean something."""
        return self.kind == "int"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalParam:
    """A parameter of a signal rule, with its hard bounds.

    `kind` and `step` are those of the usual values; a threshold may lie between them. `nonzero`
    marks delta periods, which count bars and of which 0 means nothing.
    """

    name: str
    kind: NumberKind
    hard_min: float
    hard_max: float
    step: float
    default: float
    nonzero: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers mean something."""
        return self.nonzero


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A family with its parameters.

    `price` is the series that a comparison reads: a candle series, or `"source"` for the source
    series of the variant. `invert` swaps long and short. `reads` names the catalog rows whose
    primary outputs the rule needs instead of its own indicator's. `on_sum` marks an output that is
    a running sum, which a rule compares without narrowing (docs/ties.md).
    """

    family: RuleFamily
    params: tuple[SignalParam, ...] = ()
    price: str = "close"
    invert: bool = False
    reads: tuple[str, ...] = ()
    on_sum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One row of the catalog.

    `axes` is the materialisation order, last fastest; `"source"` is among them where a source can
    be chosen. `compute(series, **settings)` gives the primary output, shape (n_bars,) float64,
    from the source and the parameters that affect it. `inner` names the axes that the expensive
    part depends on: variants that agree on them are computed one after the other. `constraints`
    are pairs `(smaller, larger)` of parameters that must be ordered in every variant. `rising`
    names two neighbouring axes of which the first lies below the second: where it does not, there
    is no variant. `is_newer` marks rows that older files of default axes need not list.
    """

    id: str
    title: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    primary: str
    params: tuple[Param, ...]
    axes: tuple[str, ...]
    compute: Callable[..., FloatArray]
    rule: Rule | None
    sources: tuple[str, ...] = ()
    default_source: str = "close"
    inner: tuple[str, ...] = ()
    constraints: tuple[tuple[str, str], ...] = ()
    rising: tuple[str, str] | None = None
    is_newer: bool = False
    warmup_bars: str = "0"
    formula: str = ""

    @property
    def group(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def is_internal(self) -> bool:
        """Whether the row only serves another row's rule and cannot be asked for."""
        return self.rule is None

    def param(self, name: str) -> Param:
        """The parameter of that name; KeyError if there is none."""
        for param in self.params:
            if param.name == name:
                return param
        raise KeyError(name)

    @property
    def primary_axes(self) -> tuple[str, ...]:
        """The axes that the primary output depends on, in axis order."""
        inert = {param.name for param in self.params if not param.affects_primary}
        return tuple(axis for axis in self.axes if axis not in inert)
