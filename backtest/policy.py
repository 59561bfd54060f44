"""What the service's configuration decides about runs: defaults and limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from backtest.types import Ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """Defaults where a request is silent, and the guards. Percent values are human percent."""

    warmup_bars: int
    top_k: int
    preselect: int
    top_trades_n: int
    ranking: Ranking
    init_cash_quote: float
    fixed_quote: float
    safe_profit_percent: float
    slippage_pct: float
    fee_pct_by_market_id: Mapping[int, float]
    max_variants_per_compute: int
    max_compute_bytes_total: int
    deadline_s: float | None
    eager_reports: bool
    threads: int
