"""`python -m bff.runner FD`: the process that computes."""

from bff.runner.desk import take_orders
from bff.wiring import runner_here

take_orders(runner_here)
