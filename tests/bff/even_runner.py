"""`python -m tests.bff.even_runner FD`: the process of runs, with the priority of who started it.

Beside busy programs one that yields to all of them takes minutes to start.
"""

from bff.runner import server
from bff.wiring import served_runner

if __name__ == "__main__":
    server.NICENESS = 0
    server.serve_calls(served_runner)
