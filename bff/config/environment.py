"""The environment variables that the service reads, checked.

See: docs/configuration.md
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError

from bff.config.sections import Cluster, Device
from bff.config.variables import name_problems, prod_problems, quota_problems, store_conflicts
from bff.config.yaml_file import BadConfig, ConfigProblem

Env = Literal["dev", "test", "prod"]


class Environment(BaseModel):
    """The environment variables that the service reads; an empty one counts as absent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    env: Env = Field("dev", alias="ROEHUB_ENV")
    backtest_config: Path | None = Field(None, alias="ROEHUB_BACKTEST_CONFIG")
    indicators_config: Path | None = Field(None, alias="ROEHUB_INDICATORS_CONFIG")
    data_dir: Path = Field(Path(".data"), alias="ROEHUB_DATA_DIR")
    threads: int | None = Field(None, alias="ROEHUB_THREADS", ge=1, le=1_024)
    device: Device | None = Field(None, alias="ROEHUB_DEVICE")
    cluster: Cluster | None = Field(None, alias="ROEHUB_CLUSTER")
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
    quota_redis_url: SecretStr | None = Field(None, alias="QUOTA_REDIS_URL")
    jwt_secret: SecretStr | None = Field(None, alias="IDENTITY_JWT_SECRET")
    cookie_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")] = Field(
        "roehub_identity_jwt", alias="IDENTITY_COOKIE_NAME"
    )

    @property
    def clickhouse_port(self) -> int:
        """The configured port of a ClickHouse server, or the usual one."""
        return self.ch_port or (8443 if self.ch_secure else 8123)


KNOWN_VARIABLES = frozenset(str(field.alias) for field in Environment.model_fields.values())


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Check the variables by themselves; no file is read.

    Raises:
        BadConfig: Every variable that is unknown, is missing or cannot be used.

    See: docs/configuration.md
    """
    present = present_variables(environ)
    problems = list(_environment_problems(present))
    try:
        environment = Environment.model_validate(present)
    except ValidationError as exc:
        raise BadConfig([*problems, *_variable_problems(exc)]) from exc
    if problems:
        raise BadConfig(problems)
    return environment


def present_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Those that are not empty."""
    return {name: value for name, value in environ.items() if value}


def _environment_problems(present: Mapping[str, str]) -> Iterator[ConfigProblem]:
    yield from name_problems(present, KNOWN_VARIABLES)
    yield from store_conflicts(present)
    yield from quota_problems(present)
    if present.get("ROEHUB_ENV") == "prod":
        yield from prod_problems(present, KNOWN_VARIABLES)


def _variable_problems(exc: ValidationError) -> Iterator[ConfigProblem]:
    """Values are not repeated: some of the variables are secrets."""
    for error in exc.errors(include_url=False, include_context=False, include_input=False):
        yield ConfigProblem("environment", str(error["loc"][0]), error["msg"])
