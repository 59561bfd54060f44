"""`python -m tests.bff.even_serve`: the program, over a process of runs of its own priority."""

from functools import partial
from unittest.mock import patch

from bff.cli import main
from bff.runner import client
from tests.bff import even_runner


def even_main() -> None:
    """`bff.cli.main` over such a process."""
    even = partial(client.RunnerProcess, module=even_runner.__name__)
    with patch.object(client, "RunnerProcess", even):
        main()


if __name__ == "__main__":
    even_main()
