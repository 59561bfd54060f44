"""Names of environment variables: ours, those of the services beside us, and misspelt ones.

See: docs/configuration.md#environment
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec

from bff.config.yaml_file import ConfigProblem

# What other services of the same deployment read; a name here never begins a name of ours.
SISTER_PREFIXES = (
    "ROEHUB_API_",
    "ROEHUB_JOBS_",
    "ROEHUB_KAFKA_",
    "ROEHUB_LIVE_",
    "ROEHUB_NUMBA_",
    "ROEHUB_POSTGRES_",
    "ROEHUB_REDIS_",
    "ROEHUB_S3_",
    "ROEHUB_SENTRY_",
    "ROEHUB_TELEGRAM_",
    "ROEHUB_WEB_",
    "ROEHUB_WORKER_",
)
# Other services read names of their own that begin like these of ours.
COMMON_PREFIXES = ("CH_", "STRATEGY_", "QUOTA_", "IDENTITY_")
NEAR = 0.75
# The variable that names a server, and the one that chooses the embedded store instead.
STORES = {"CH_HOST": "ROEHUB_CANDLES", "STRATEGY_PG_DSN": "ROEHUB_STRATEGIES"}
MIN_SECRET_BYTES = 32


def name_problems(environ: Mapping[str, str], known: Collection[str]) -> Iterator[ConfigProblem]:
    """Variables that can only be misspelt ones of ours."""
    ours = sorted(name for name in known if name.startswith("ROEHUB_"))
    for name in sorted(environ):
        is_unknown = name.startswith("ROEHUB_") and name not in known
        if is_unknown and not name.startswith(SISTER_PREFIXES):
            near = get_close_matches(name, ours, n=1, cutoff=NEAR)
            hint = f"; did you mean {near[0]}?" if near else "."
            message = f"unknown variable{hint} Known variables: {', '.join(ours)}"
            yield ConfigProblem("environment", name, message)


def name_notices(environ: Mapping[str, str], known: Collection[str]) -> Iterator[str]:
    """What stands in the environment and is not read, in one line, and near misses in one each."""
    sisters = [name for name in sorted(environ) if name.startswith(SISTER_PREFIXES)]
    if sisters:
        yield f"environment: {', '.join(sisters)}: ignored, meant for other services"
    for name, meant in _near_misses(environ, known):
        yield f"environment: {name}: not read; did you mean {meant}?"


def prod_problems(environ: Mapping[str, str], known: Collection[str]) -> Iterator[ConfigProblem]:
    """What `prod` demands: a long secret, and stores that were chosen rather than left out."""
    n_bytes = len(environ.get("IDENTITY_JWT_SECRET", "").encode())
    if n_bytes < MIN_SECRET_BYTES:
        message = f"must have at least {MIN_SECRET_BYTES} bytes in prod, had {n_bytes}"
        yield ConfigProblem("environment", "IDENTITY_JWT_SECRET", message)
    for server, choice in STORES.items():
        if server not in environ and choice not in environ:
            message = (
                f"required in prod; set it, or set {choice}=embedded to use a store in"
                " ROEHUB_DATA_DIR"
            )
            misses = [name for name, meant in _near_misses(environ, known) if meant == server]
            hint = f" ({', '.join(misses)} is not read)" if misses else ""
            yield ConfigProblem("environment", server, message + hint)


def store_conflicts(environ: Mapping[str, str]) -> Iterator[ConfigProblem]:
    """A server and the embedded store, both asked for."""
    for server, choice in STORES.items():
        if server in environ and choice in environ:
            message = f"{server} names a server already; remove one of the two"
            yield ConfigProblem("environment", choice, message)


def quota_problems(environ: Mapping[str, str]) -> Iterator[ConfigProblem]:
    """A store of quotas that cannot be one; its value may hold a password."""
    url = environ.get("QUOTA_REDIS_URL")
    if url is None:
        return
    if find_spec("redis") is None:
        message = "needs the package redis; install roehub-backtest[redis]"
        yield ConfigProblem("environment", "QUOTA_REDIS_URL", message)
    elif not url.startswith(("redis://", "rediss://")) or not _is_understood(url):
        message = (
            "must be redis://[user:password@]host[:port][/database], or rediss:// for TLS; in a"
            " password write / ? # @ as %2F %3F %23 %40"
        )
        yield ConfigProblem("environment", "QUOTA_REDIS_URL", message)


def _is_understood(url: str) -> bool:
    """Whether a connection can be made of it, not opened; the driver's words may repeat a part."""
    from redis import ConnectionPool, RedisError  # noqa: PLC0415 - an optional extra

    try:
        ConnectionPool.from_url(url).make_connection()  # pyright: ignore[reportUnknownMemberType]
    except (ValueError, TypeError, RedisError):
        return False
    return True


def _near_misses(environ: Mapping[str, str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    for prefix in COMMON_PREFIXES:
        ours = sorted(name for name in known if name.startswith(prefix))
        for name in sorted(environ):
            if name.startswith(prefix) and name not in known:
                for meant in get_close_matches(name, ours, n=1, cutoff=NEAR):
                    yield name, meant
