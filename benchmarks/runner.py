"""`python -m benchmarks.runner FD`: the process that computes, over the walk instead of a store."""

from backtest.run import Backtester
from benchmarks.bars import WalkFeed
from benchmarks.engine_run import NoStrategies, no_spec, policy
from bff.admission.memory_budget import MemoryBudget
from bff.config.settings import Settings
from bff.runner.local import LocalRunner
from bff.runner.server import serve_calls
from resolvers.service import BacktestService


def runner(settings: Settings) -> LocalRunner:
    """The engine with two threads."""
    chosen, candles, strategies = policy(2), WalkFeed(), NoStrategies()
    backtester = Backtester(
        candles=candles,
        strategies=strategies,
        defaults=settings.grid_defaults,
        read_spec=no_spec,
        policy=chosen,
    )
    return LocalRunner(
        service=BacktestService(
            backtester=backtester, defaults=settings.grid_defaults, policy=chosen
        ),
        candles=candles,
        strategies=strategies,
        memory=MemoryBudget(settings.compute.memory_bytes),
        close=backtester.close,
    )


if __name__ == "__main__":
    serve_calls(runner)
