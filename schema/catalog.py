"""What a client may ask before it asks for a run: the catalog, the defaults, the cost.

See: docs/indicators.md
"""

import strawberry

from schema.enums import AnswerPart, RankingMetric, RuleFamily
from schema.scalars import AxisScalar, BigInt


@strawberry.type(description="The values of one axis where a request names none.")
class DefaultAxis:
    """The values of one axis where a request names none.

    See: docs/configuration.md#indicatorsyaml
    """

    name: str = strawberry.field(description="Name of the axis; `source` for the input series.")
    values: list[AxisScalar] = strawberry.field(description="Values in order.")


@strawberry.type(description="A parameter with its hard bounds and step lattice.")
class Parameter:
    """A parameter with its hard bounds and step lattice.

    See: docs/grid.md#axes (backtest/axis_rules.py)
    """

    name: str = strawberry.field(description="Name of the parameter.")
    is_integer: bool = strawberry.field(description="Whether only whole numbers are allowed.")
    minimum: float = strawberry.field(description="Lowest allowed value, origin of the lattice.")
    maximum: float = strawberry.field(description="Highest allowed value.")
    step: float = strawberry.field(description="Distance between two points of the lattice.")
    default: float = strawberry.field(description="Textbook value.")
    affects_signals: bool = strawberry.field(
        description="Whether the value can change what the indicator signals."
    )


@strawberry.type(description="How an indicator becomes long, short or neutral.")
class SignalRule:
    """How an indicator becomes long, short or neutral.

    See: docs/signals.md
    """

    family: RuleFamily = strawberry.field(description="The kind of rule.")
    params: list[Parameter] = strawberry.field(description="Parameters of the rule.")


@strawberry.type(name="Indicator", description="One row of the catalog.")
class CatalogIndicator:
    """One row of the catalog.

    See: docs/indicators.md (backtest/indicators/catalog.py)
    """

    id: str = strawberry.field(description="Id, for example `ma.sma`.")
    group: str = strawberry.field(description="The part of the id before the dot.")
    title: str = strawberry.field(description="Name in words.")
    formula: str = strawberry.field(description="The formula in short.")
    inputs: list[str] = strawberry.field(description="Candle series it reads.")
    outputs: list[str] = strawberry.field(description="Series it computes.")
    primary_output: str = strawberry.field(description="The series that its rule reads.")
    sources: list[str] = strawberry.field(description="Series to choose from; empty if fixed.")
    axes: list[str] = strawberry.field(description="Order of its axes, the last one fastest.")
    params: list[Parameter] = strawberry.field(description="Its parameters.")
    rising: list[str] = strawberry.field(
        description="Two axes of which the first is below the second in every variant; or empty."
    )
    rule: SignalRule = strawberry.field(description="Its signal rule.")
    default_axes: list[DefaultAxis] = strawberry.field(description="Axes that the config fills in.")
    default_signal_axes: list[DefaultAxis] = strawberry.field(
        description="Signal axes that the config fills in."
    )


@strawberry.type(description="Fee of a market.")
class MarketFee:
    """The configured fee of a market.

    See: docs/configuration.md#backtestyaml
    """

    market_id: int = strawberry.field(description="Id of the market.")
    fee_pct: float = strawberry.field(description="Fee of each fill in percent.")


@strawberry.type(description="What the configuration gives where a request is silent.")
class RuntimeDefaults:
    """What the configuration gives where a request is silent.

    See: docs/configuration.md#backtestyaml
    """

    warmup_bars: int = strawberry.field(description="Bars before the range.")
    top_k: int = strawberry.field(description="Variants to return, at most.")
    preselect: int = strawberry.field(description="Variants that stage A hands on, at most.")
    top_trades_n: int = strawberry.field(description="Variants that list their trades.")
    primary_metric: RankingMetric = strawberry.field(description="Orders the variants.")
    secondary_metric: RankingMetric | None = strawberry.field(description="Breaks ties.")
    init_cash_quote: float = strawberry.field(description="Cash at the start.")
    fixed_quote: float = strawberry.field(description="Quote amount of a fixed entry.")
    safe_profit_percent: float = strawberry.field(
        description="Share of a winning trade's profit that is locked away, in percent."
    )
    slippage_pct: float = strawberry.field(description="Slippage of each fill in percent.")
    fees: list[MarketFee] = strawberry.field(description="Fee by market.")
    max_variants_per_compute: int = strawberry.field(
        description="Limit on the variants of each stage."
    )
    max_compute_bytes_total: BigInt = strawberry.field(description="Limit on the memory.")
    sync_deadline_seconds: float | None = strawberry.field(description="Time for one run.")
    threads: int = strawberry.field(description="Processors that one run may use.")
    can_save_strategies: bool = strawberry.field(
        description="Whether `saveStrategy` and `deleteStrategy` are allowed here."
    )


@strawberry.type(description="Why the limits would refuse a run.")
class GuardVerdict:
    """Why the limits would refuse a run.

    See: docs/errors.md#validation_error-422
    """

    error: str = strawberry.field(description="Which limit.")
    stage: str = strawberry.field(description="Where it would stop the run.")


@strawberry.type(
    description="What one part beside the variants adds to a run that has no other; evidence and"
    " landscape are made of one ledger, so both add little more than one of them."
)
class PartEstimate:
    """What one part beside the variants adds to a run that has no other.

    See: docs/evidence.md#what-it-costs
    """

    part: AnswerPart = strawberry.field(description="The part.")
    bytes: BigInt = strawberry.field(description="Added to the memory at the peak.")
    processor_seconds: float = strawberry.field(
        description="Added to the seconds of one processor; a rough upper figure."
    )


@strawberry.type(description="What a run would cost; nothing is loaded to find out.")
class BacktestEstimate:
    """What a run would cost; nothing is loaded to find out.

    See: docs/graphql.md#what-only-graphql-has, docs/memory.md
    """

    stage_a_variants: BigInt = strawberry.field(
        description="Variants without stop-loss and take-profit."
    )
    stage_b_variants: BigInt = strawberry.field(
        description="Variants with stop-loss and take-profit."
    )
    target_bars: BigInt = strawberry.field(description="Bars of the range.")
    loaded_bars: BigInt = strawberry.field(description="Bars of the range and the warm-up.")
    estimated_bytes: BigInt = strawberry.field(description="Memory at the peak.")
    max_variants: BigInt = strawberry.field(description="Limit on the variants of each stage.")
    max_bytes: BigInt = strawberry.field(description="Limit on the memory.")
    is_allowed: bool = strawberry.field(description="Whether the limits allow the run.")
    refusal: GuardVerdict | None = strawberry.field(description="Why not, if it is refused.")
    processor_seconds: float = strawberry.field(
        description="About how long one processor would be busy; a rough upper figure."
    )
    parts: list[PartEstimate] = strawberry.field(
        description="What each part beside the variants would add."
    )
