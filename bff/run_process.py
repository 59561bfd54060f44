"""`python -m bff.run_process FD`: the process that computes.

See: docs/reliability.md
"""

from bff.runner.server import serve_calls
from bff.wiring import served_runner

# The processes that compile kernels import this module as well.
if __name__ == "__main__":
    serve_calls(served_runner)
