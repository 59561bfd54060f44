"""The environment and the main file: all that can be checked without the catalog of indicators.

`token` needs no more, and so does not wait for the engine.
See: docs/configuration.md
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from pydantic import ValidationError

from bff.config.environment import (
    KNOWN_VARIABLES,
    Env,
    Environment,
    present_variables,
    read_environment,
)
from bff.config.sections import BacktestFile, without_sisters
from bff.config.variables import name_notices
from bff.config.yaml_file import BadConfig, ConfigProblem, read_yaml, shape_problems

T = TypeVar("T")
Name = Literal["backtest", "indicators"]

_VARIABLES: Mapping[Name, str] = {
    "backtest": "ROEHUB_BACKTEST_CONFIG",
    "indicators": "ROEHUB_INDICATORS_CONFIG",
}


def _configs_folder() -> Path:
    """`configs/` of a checkout; a wheel carries it inside the package."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_configs"
    return packed if packed.is_dir() else package.with_name("configs")


CONFIGS = _configs_folder()


class SettingsError(BadConfig):
    """The service cannot start with these settings; every problem is listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Where things are, who may call, and the defaults of a run, except the default axes.

    `notices` are one line each about what was found and is not read, for the log.
    """

    environment: Environment
    main: BacktestFile
    notices: tuple[str, ...]


def load_deployment(environ: Mapping[str, str]) -> Deployment:
    """Read the environment and the main file that it names.

    Args:
        environ: Environment variables; nothing else is consulted.

    Raises:
        SettingsError: Every problem of both.

    See: docs/configuration.md
    """
    problems: list[ConfigProblem] = []
    environment = collect(problems, lambda: read_environment(environ))
    path = config_path(environ, "backtest")
    main = None if path is None else collect(problems, lambda: _read_main(path))
    if environment is None or main is None:
        raise SettingsError(problems)
    sections, notices = main
    names = name_notices(present_variables(environ), KNOWN_VARIABLES)
    return Deployment(environment=environment, main=sections, notices=(*names, *notices))


def config_path(environ: Mapping[str, str], name: Name) -> Path | None:
    """One of both files, even where other variables are wrong; None for an unknown deployment."""
    named = environ.get(_VARIABLES[name])
    env = environ.get("ROEHUB_ENV") or "dev"
    if env not in get_args(Env):
        return None
    return Path(named) if named else _shipped(env, f"{name}.yaml")


def collect(problems: list[ConfigProblem], read: Callable[[], T]) -> T | None:
    """What was read; None, and the problems among the others, where it is not good."""
    try:
        return read()
    except BadConfig as exc:
        problems.extend(exc.problems)
        return None


def _shipped(env: str, name: str) -> Path:
    """The file of the environment where it has one, otherwise the one for all."""
    own = CONFIGS / env / name
    return own if own.exists() else CONFIGS / name


def _read_main(path: Path) -> tuple[BacktestFile, list[str]]:
    document, sisters = without_sisters(read_yaml(path))
    try:
        parsed = BacktestFile.model_validate(document)
    except ValidationError as exc:
        raise BadConfig(list(shape_problems(exc, str(path)))) from exc
    names = ", ".join(sisters)
    return parsed, [f"{path}: {names}: ignored, meant for other services"] if sisters else []
