"""What all tests have in common: the same surroundings on every machine, in every order."""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from backtest import jit
from backtest.adapters.candles import connection
from tests.waiting import PATIENCE_S

# What the service and its libraries read: a test says what it needs.
FORGOTTEN = (
    *("ROEHUB_", "CH_", "STRATEGY_PG_", "IDENTITY_JWT_", "OTEL_"),
    *("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_WIDTH"),
)
# Lines are as long as without a terminal; a proxy is not for servers of a test.
SET = {"COLUMNS": "80", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}

# A property that holds is green each time: the examples follow from the test alone, and no time
# limit makes a slow machine a failure. `--hypothesis-profile=wide` looks for new ones.
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("wide", settings.get_profile("fixed"), derandomize=False)
settings.load_profile("fixed")


def pytest_configure() -> None:
    """Forget what the shell has set for a service, for files, or for a world outside."""
    for name in tuple(os.environ):
        if name.startswith(FORGOTTEN):
            del os.environ[name]
    os.environ |= SET
    os.umask(0o022)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the trials, in any order: a long one at the end would leave the others idle."""
    items.sort(key=lambda item: not item.nodeid.startswith("trials/"))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how to have the same order again."""
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f"The same order again: -p randomly --randomly-seed={seed}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """No test pays for what another one would find in the cache, or ends while it is made."""
    if session.items and not session.config.option.collectonly:
        jit.warm()


@pytest.fixture(scope="session", autouse=True)
def _patient_stores() -> Iterator[None]:
    """A store is closed when nobody uses it any more: the next test opens the engine elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_CLOSING_S", PATIENCE_S)
        yield


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    """No test depends on how another one has configured logging."""
    structlog.reset_defaults()
    structlog.configure(
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[structlog.stdlib.render_to_log_kwargs],
    )
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.contextvars.clear_contextvars()
