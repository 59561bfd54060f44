"""The settings of the process: two YAML files and the environment, checked as a whole.

See: docs/configuration.md
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from backtest.indicators.catalog import INDICATORS
from backtest.policy import RunPolicy
from backtest.thresholds import Thresholds
from backtest.types import Ranking
from bff.config.default_axes import YamlDefaults, read_defaults
from bff.config.deployment import (
    CONFIGS,
    SettingsError,
    collect,
    config_path,
    load_deployment,
)
from bff.config.environment import Env, Environment
from bff.config.sections import BacktestDefaults, Compute, Device, Identity, Server
from bff.config.yaml_file import ConfigProblem, read_yaml

__all__ = ["CONFIGS", "Env", "Environment", "Settings", "SettingsError", "load_settings"]


class Settings(BaseModel):
    """Everything that was configured, frozen; secrets do not print.

    `notices` are one line each about what was found and is not read, for the log.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    environment: Environment
    backtest: BacktestDefaults
    server: Server
    compute: Compute
    identity: Identity
    grid_defaults: YamlDefaults = Field(repr=False)
    notices: tuple[str, ...] = ()

    @property
    def env(self) -> Env:
        """Which of the three kinds of deployment this is."""
        return self.environment.env

    @property
    def device(self) -> Device:
        """Which device may score beside the processors."""
        return self.environment.device or self.compute.device

    @property
    def cluster(self) -> str | None:
        """Where the Ray cluster is whose nodes do the runs; `local` starts one; None for none."""
        return self.environment.cluster or self.compute.cluster

    def policy(self, *, cpus: int) -> RunPolicy:
        """The part that decides about runs; `cpus` threads where no number is configured."""
        section = self.backtest
        return RunPolicy(
            warmup_bars=section.warmup_bars_default,
            top_k=section.top_k_default,
            preselect=section.preselect_default,
            top_trades_n=section.reporting.top_trades_n_default,
            ranking=Ranking(
                primary=section.ranking.primary_metric_default,
                secondary=section.ranking.secondary_metric_default,
            ),
            init_cash_quote=section.execution.init_cash_quote_default,
            fixed_quote=section.execution.fixed_quote_default,
            safe_profit_percent=section.execution.safe_profit_percent_default,
            slippage_pct=section.execution.slippage_pct_default,
            fee_pct_by_market_id=section.execution.fee_pct_default_by_market_id,
            max_variants_per_compute=section.guards.max_variants_per_compute,
            max_compute_bytes_total=section.guards.max_compute_bytes_total,
            answer_max_bytes=self.server.answer_max_bytes,
            deadline_s=section.sync.sync_deadline_seconds,
            eager_reports=section.reporting.eager_top_reports_enabled,
            thresholds=Thresholds(**section.evidence.model_dump()),
            threads=self.environment.threads or self.compute.threads or cpus,
        )


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read both files that the environment names and check all three together.

    Args:
        environ: Environment variables; nothing else is consulted.

    Raises:
        SettingsError: Every problem of the environment and of both files.
    """
    problems: list[ConfigProblem] = []
    deployment = collect(problems, lambda: load_deployment(environ))
    path = config_path(environ, "indicators")
    axes = None if path is None else collect(problems, lambda: _read_axes(path))
    if deployment is None or axes is None:
        raise SettingsError(problems)
    main = deployment.main
    return Settings(
        environment=deployment.environment,
        backtest=main.backtest,
        server=main.server,
        compute=main.compute,
        identity=main.identity,
        grid_defaults=axes,
        notices=(*deployment.notices, *axes.notices),
    )


def _read_axes(path: Path) -> YamlDefaults:
    return read_defaults(read_yaml(path), INDICATORS, where=str(path))
