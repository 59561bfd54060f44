"""`python -m trials.faults.runner FD`: a process of runs with little patience for stores.

It does not yield to other programs: a machine that is busy is none of the faults.
"""

import logging

from backtest.adapters.candles import feed
from backtest.adapters.strategies import table
from bff.runner import server
from bff.wiring import served_runner

SILENCE_S = 1

if __name__ == "__main__":
    for module, name in (
        (table, "TIMEOUT_S"),
        (feed, "_PING_SILENCE_S"),
    ):
        setattr(module, name, SILENCE_S)
    logging.disable()  # what fails here is meant to
    server.NICENESS = 0
    server.serve_calls(served_runner)
