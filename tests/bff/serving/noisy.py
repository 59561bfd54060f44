"""`python -m bff` with a bug in the REST face and libraries that write as they like."""

import sys
import threading
import warnings
from typing import NoReturn

import bff.rest
from tests.bff.even_serve import even_main


def parse_noisily(value: object) -> NoReturn:
    """In place of `parse_request`: everything that a process can say, then a bug."""
    del value
    print("a library\nprinted", end=" twice\n")
    sys.stderr.write("a library complained\n")
    warnings.warn("a library warned", stacklevel=1)
    thread = threading.Thread(target=_die, name="short-lived")
    thread.start()
    thread.join()
    raise RuntimeError("a bug\nof two lines")


def _die() -> None:
    raise ValueError("nobody waits for this thread")


if __name__ == "__main__":
    bff.rest.parse_request = parse_noisily
    even_main()
