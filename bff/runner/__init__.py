"""Where runs are computed: `local` in this process, `client` in one of its own.

Python answers requests and computes runs under one lock, so whoever answers waits for whoever
computes, whatever their priorities. A separate process has a lock of its own: refusals and cheap
questions stay quick, and a run that crashes takes no connection with it. `client` speaks over
`connection` to the `server` in that process (`bff.run_process`), in the words of `messages`; there
`memory_watch` ends a run that takes more memory than there is.
See: docs/reliability.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.runner.client import RunnerProcess
    from bff.runner.local import LocalRunner, Runner
    from bff.runner.server import serve_calls
else:
    __getattr__ = lazy(
        __name__,
        {
            "client": ["RunnerProcess"],
            "local": ["LocalRunner", "Runner"],
            "server": ["serve_calls"],
        },
    )

__all__ = ["LocalRunner", "Runner", "RunnerProcess", "serve_calls"]
