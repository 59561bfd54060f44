"""`configs/<env>/backtest.yaml` as types: what may stand in it, within which limits.

See: docs/configuration.md
"""

from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from backtest.enums import RankingMetric
from backtest.money import MAX_QUOTE, MIN_QUOTE
from backtest.thresholds import STANDARD
from bff.config.yaml_file import members_of

Count = Annotated[int, Field(gt=0, le=1_000_000_000)]
Percent = Annotated[float, Field(ge=0, lt=100)]
Money = Annotated[float, Field(ge=MIN_QUOTE, le=MAX_QUOTE)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Metric = Annotated[RankingMetric, Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]
MarketId = Annotated[int, Field(ge=1, le=65_535)]
Device = Literal["auto", "cpu", "cuda"]
Cluster = Annotated[
    str, StringConstraints(pattern=r"^(local|(ray://)?[A-Za-z0-9.\-]+:[0-9]{1,5})$")
]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.\-]+(:[0-9]{1,5})?$")]


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(
            "must be an address or a network such as 10.0.0.0/8, without bits after the prefix"
        ) from None


Network = Annotated[str, AfterValidator(_network)]

# Sections of `backtest` that other services of the same deployment read from the same file.
SISTER_SECTIONS = ("cpu", "jobs")


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class RankingDefaults(_Section):
    """What orders variants where a request does not say."""

    primary_metric_default: Metric = RankingMetric.TOTAL_RETURN_PCT
    secondary_metric_default: Metric | None = None

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.secondary_metric_default == self.primary_metric_default:
            raise ValueError("the secondary metric must differ from the primary one")
        return self


class GuardLimits(_Section):
    """The largest run that is accepted."""

    max_variants_per_compute: Count = 600_000
    max_compute_bytes_total: Annotated[int, Field(gt=0)] = 5_368_709_120


class Sync(_Section):
    """How long a request may take."""

    sync_deadline_seconds: Seconds = 60.0


class Reporting(_Section):
    """What is told of the returned variants."""

    top_trades_n_default: Count = 3
    eager_top_reports_enabled: bool = True


class ExecutionDefaults(_Section):
    """Money and costs where a request does not say; percent is human percent."""

    init_cash_quote_default: Money = 10_000.0
    fixed_quote_default: Money = 100.0
    safe_profit_percent_default: Annotated[float, Field(ge=0, le=100)] = 30.0
    slippage_pct_default: Percent = 0.01
    fee_pct_default_by_market_id: dict[MarketId, Percent] = {1: 0.075, 2: 0.1, 3: 0.075, 4: 0.1}


class EvidenceThresholds(_Section):
    """What the conclusion of the evidence holds its numbers against."""

    holds_up_p_value: Share = STANDARD.holds_up_p_value
    holds_up_pbo: Share = STANDARD.holds_up_pbo
    holds_up_deflated_sharpe: Share = STANDARD.holds_up_deflated_sharpe
    holds_up_walk_forward_pct: Annotated[float, Field(ge=-100, le=1e6)] = (
        STANDARD.holds_up_walk_forward_pct
    )
    luck_p_value: Share = STANDARD.luck_p_value
    luck_pbo: Share = STANDARD.luck_pbo
    min_active_blocks: Annotated[int, Field(ge=1, le=64)] = STANDARD.min_active_blocks

    @model_validator(mode="after")
    def _luck_is_worse(self) -> Self:
        if self.luck_p_value < self.holds_up_p_value or self.luck_pbo < self.holds_up_pbo:
            raise ValueError(
                "luck_p_value must be >= holds_up_p_value, and luck_pbo >= holds_up_pbo"
            )
        return self


class BacktestDefaults(_Section):
    """The section `backtest`."""

    warmup_bars_default: Count = 200
    top_k_default: Count = 300
    preselect_default: Count = 20_000
    ranking: RankingDefaults = RankingDefaults()
    guards: GuardLimits = GuardLimits()
    sync: Sync = Sync()
    reporting: Reporting = Reporting()
    execution: ExecutionDefaults = ExecutionDefaults()
    evidence: EvidenceThresholds = EvidenceThresholds()


class GraphqlLimits(_Section):
    """What a GraphQL document may cost."""

    max_tokens: Count = 2_000
    max_aliases: Annotated[int, Field(ge=0)] = 30
    max_depth: Count = 12
    max_cost: Count = 1_000


class Connections(_Section):
    """What a connection may do before anybody knows who it is."""

    max_total: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    max_per_address: Annotated[int, Field(ge=1, le=1_000_000)] | None = 128
    head_max_bytes: Annotated[int, Field(ge=4_096, le=1 << 20)] = 32_768
    head_max_fields: Annotated[int, Field(ge=16, le=10_000)] = 100
    head_max_seconds: Seconds = 5.0
    answer_stall_seconds: Seconds = 10.0


class Server(_Section):
    """The section `server`: the front door."""

    body_max_bytes: Annotated[int, Field(ge=1_024, le=64 << 20)] = 262_144
    body_max_seconds: Seconds = 10.0
    answer_max_bytes: Annotated[int, Field(ge=65_536, le=1 << 30)] = 64 << 20
    json_max_depth: Annotated[int, Field(ge=8, le=200)] = 32
    json_max_number_chars: Annotated[int, Field(ge=20, le=1_000)] = 64
    json_max_values: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    allowed_origins: tuple[Origin, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    introspection: bool = False
    graphiql: bool = False
    console: bool = False
    save_strategies: bool = False
    drain_seconds: Seconds = 60.0
    connections: Connections = Connections()
    graphql: GraphqlLimits = GraphqlLimits()

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _list_to_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


class Compute(_Section):
    """The section `compute`: how much of the machine runs may take."""

    threads: Annotated[int, Field(ge=1, le=1_024)] | None = None
    device: Device = "auto"
    cluster: Cluster | None = None
    shard_run_seconds: Annotated[float, Field(ge=0, le=86_400)] = 10.0
    running_runs: Annotated[int, Field(ge=1, le=256)] | None = None
    waiting_runs: Annotated[int, Field(ge=0, le=10_000)] = 16
    short_run_seconds: Annotated[float, Field(ge=0, le=60)] = 1.0
    running_short_runs: Annotated[int, Field(ge=1, le=256)] | None = None
    runs_per_user: Annotated[int, Field(ge=1, le=10_000)] = 4
    requests_per_user_minute: Count | None = None
    run_seconds_per_user_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    memory_bytes: Annotated[int, Field(gt=0)] = 5_368_709_120
    reserve_bytes: Annotated[int, Field(ge=0)] = 268_435_456
    candle_cache_bytes: Annotated[int, Field(ge=0)] = 268_435_456
    running_queries: Annotated[int, Field(ge=1, le=256)] = 4
    waiting_queries: Annotated[int, Field(ge=0, le=10_000)] = 64
    retry_after_seconds: Annotated[int, Field(ge=1, le=3_600)] = 5


class Identity(_Section):
    """The section `identity`: how tokens are judged and made."""

    leeway_seconds: Annotated[int, Field(ge=0, le=60)] = 0
    token_ttl_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 86_400


class BacktestFile(_Section):
    """`configs/<env>/backtest.yaml`."""

    version: Literal[1]
    backtest: BacktestDefaults = BacktestDefaults()
    server: Server = Server()
    compute: Compute = Compute()
    identity: Identity = Identity()

    @field_validator("compute")
    @classmethod
    def _room_for_the_largest_run(cls, value: Compute, others: ValidationInfo) -> Compute:
        backtest = others.data.get("backtest")
        if isinstance(backtest, BacktestDefaults):
            largest = backtest.guards.max_compute_bytes_total
            if value.memory_bytes < largest:
                raise ValueError(
                    f"memory_bytes must be at least max_compute_bytes_total, {largest}"
                )
        return value


def without_sisters(document: object) -> tuple[object, list[str]]:
    """A document without the sections of `backtest` that other services read, and their names."""
    section = members_of(members_of(document).get("backtest"))
    found = [name for name in SISTER_SECTIONS if name in section]
    if not found:
        return document, []
    kept = {key: value for key, value in section.items() if key not in found}
    return {**members_of(document), "backtest": kept}, [f"backtest.{name}" for name in found]
