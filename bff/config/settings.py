"""The settings of the process: two YAML files and the environment, checked as a whole.

See: docs/configuration.md
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError

from backtest.indicators.catalog import INDICATORS
from backtest.policy import RunPolicy
from backtest.types import Ranking
from bff.config.default_axes import YamlDefaults, read_defaults
from bff.config.sections import (
    BacktestDefaults,
    BacktestFile,
    Compute,
    Identity,
    Server,
    without_sisters,
)
from bff.config.variables import name_notices, name_problems, prod_problems, store_conflicts
from bff.config.yaml_file import BadConfig, ConfigProblem, read_yaml, shape_problems

T = TypeVar("T")
Env = Literal["dev", "test", "prod"]

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


class SettingsError(BadConfig):
    """The service cannot start with these settings; every problem is listed."""


class Environment(BaseModel):
    """The environment variables that the service reads; an empty one counts as absent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    env: Env = Field("dev", alias="ROEHUB_ENV")
    backtest_config: Path | None = Field(None, alias="ROEHUB_BACKTEST_CONFIG")
    indicators_config: Path | None = Field(None, alias="ROEHUB_INDICATORS_CONFIG")
    data_dir: Path = Field(Path(".data"), alias="ROEHUB_DATA_DIR")
    threads: int | None = Field(None, alias="ROEHUB_THREADS", ge=1, le=1_024)
    candles: Literal["embedded"] | None = Field(None, alias="ROEHUB_CANDLES")
    strategies: Literal["embedded"] | None = Field(None, alias="ROEHUB_STRATEGIES")
    ch_host: str | None = Field(None, alias="CH_HOST")
    ch_port: int | None = Field(None, alias="CH_PORT", ge=1, le=65_535)
    ch_user: str | None = Field(None, alias="CH_USER")
    ch_password: SecretStr = Field(SecretStr(""), alias="CH_PASSWORD")
    ch_database: str | None = Field(None, alias="CH_DATABASE")
    ch_secure: bool = Field(False, alias="CH_SECURE")
    ch_verify: bool = Field(True, alias="CH_VERIFY")
    strategy_pg_dsn: SecretStr | None = Field(None, alias="STRATEGY_PG_DSN")
    jwt_secret: SecretStr | None = Field(None, alias="IDENTITY_JWT_SECRET")
    cookie_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")] = Field(
        "roehub_identity_jwt", alias="IDENTITY_COOKIE_NAME"
    )


KNOWN_VARIABLES = frozenset(str(field.alias) for field in Environment.model_fields.values())


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
            deadline_s=section.sync.sync_deadline_seconds,
            eager_reports=section.reporting.eager_top_reports_enabled,
            threads=self.environment.threads or self.compute.threads or cpus,
        )


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read both files that the environment names and check all three together.

    Args:
        environ: Environment variables; nothing else is consulted.

    Raises:
        SettingsError: Every problem of the environment and of both files.
    """
    present = {name: value for name, value in environ.items() if value}
    problems = list(_environment_problems(present))
    environment = _collect(problems, lambda: _read_environment(present))
    paths = _config_paths(present)
    if paths is None:
        raise SettingsError(problems)
    main_path, axes_path = paths
    main = _collect(problems, lambda: _read_backtest_file(main_path))
    axes = _collect(
        problems, lambda: read_defaults(read_yaml(axes_path), INDICATORS, where=str(axes_path))
    )
    if problems or environment is None or main is None or axes is None:
        raise SettingsError(problems)
    sections, notices = main
    return Settings(
        environment=environment,
        backtest=sections.backtest,
        server=sections.server,
        compute=sections.compute,
        identity=sections.identity,
        grid_defaults=axes,
        notices=(*name_notices(present, KNOWN_VARIABLES), *notices, *axes.notices),
    )


def _config_paths(environ: Mapping[str, str]) -> tuple[Path, Path] | None:
    """Both files, even where other variables are wrong; None where the deployment is unknown."""
    env = environ.get("ROEHUB_ENV") or "dev"
    if env not in get_args(Env):
        return None
    return (
        Path(environ.get("ROEHUB_BACKTEST_CONFIG") or CONFIGS / env / "backtest.yaml"),
        Path(environ.get("ROEHUB_INDICATORS_CONFIG") or _shipped_axes(env)),
    )


def _shipped_axes(env: str) -> Path:
    """The file of the environment where it has one, otherwise the one for all."""
    own = CONFIGS / env / "indicators.yaml"
    return own if own.exists() else CONFIGS / "indicators.yaml"


def _environment_problems(present: Mapping[str, str]) -> Iterator[ConfigProblem]:
    yield from name_problems(present, KNOWN_VARIABLES)
    yield from store_conflicts(present)
    if present.get("ROEHUB_ENV") == "prod":
        yield from prod_problems(present, KNOWN_VARIABLES)


def _read_environment(present: Mapping[str, str]) -> Environment:
    try:
        return Environment.model_validate(present)
    except ValidationError as exc:
        raise BadConfig(list(_variable_problems(exc))) from exc


def _collect(problems: list[ConfigProblem], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except BadConfig as exc:
        problems.extend(exc.problems)
        return None


def _read_backtest_file(path: Path) -> tuple[BacktestFile, list[str]]:
    document, sisters = without_sisters(read_yaml(path))
    try:
        parsed = BacktestFile.model_validate(document)
    except ValidationError as exc:
        raise BadConfig(list(shape_problems(exc, str(path)))) from exc
    names = ", ".join(sisters)
    return parsed, [f"{path}: {names}: for other services, not read"] if sisters else []


def _variable_problems(exc: ValidationError) -> Iterator[ConfigProblem]:
    """Values are not repeated: some of the variables are secrets."""
    for error in exc.errors(include_url=False, include_context=False, include_input=False):
        yield ConfigProblem("environment", str(error["loc"][0]), error["msg"])
