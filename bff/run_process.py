"""`python -m bff.run_process FD`: the process that computes.

See: docs/reliability.md
"""

from bff.runner.server import serve_calls
from bff.wiring import local_runner

serve_calls(local_runner)
