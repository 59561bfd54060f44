"""`python -m bff.run_process FD`: the process that computes.

See: docs/reliability.md
"""

from bff.runner.server import serve_calls
from bff.wiring import served_runner

serve_calls(served_runner)
