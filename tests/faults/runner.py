"""`python -m tests.faults.runner FD`: a process of runs with little patience for stores."""

import logging

from backtest.adapters import clickhouse, strategies_sql, strategies_table
from bff.runner.desk import take_orders
from bff.wiring import runner_here

SILENCE_S = 1

if __name__ == "__main__":
    for module, name in (
        (strategies_sql, "TIMEOUT_S"),
        (strategies_table, "TIMEOUT_S"),
        (clickhouse, "_PING_SILENCE_S"),
    ):
        setattr(module, name, SILENCE_S)
    logging.disable()  # what fails here is meant to
    take_orders(runner_here)
