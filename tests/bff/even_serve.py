"""`python -m tests.bff.even_serve`: the program, for a machine that is busy with other things.

Its runs have the priority of everything else, and nothing is given up for being slow.
"""

from functools import partial

from bff.cli import main
from bff.runner import client
from bff.serving import workers
from bff.telemetry import dropping_stream
from tests.bff import even_runner
from tests.bff.served import EVEN_SERVE
from tests.waiting import PATIENCE_S


def even_main() -> None:
    """`bff.cli.main` with a process of runs, or workers, of the same kind."""
    client.RunnerProcess = partial(client.RunnerProcess, module=even_runner.__name__)
    client.SILENT_S = dropping_stream.LAST_LINES_S = PATIENCE_S
    workers.PROGRAM = EVEN_SERVE
    main()


if __name__ == "__main__":
    even_main()
