import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from bff.telemetry.dropping_stream import DroppingStream
from tests.waiting import PATIENCE_S

LINE = "x" * 999 + "\n"
SCRIPT = """
import logging, sys
from bff.telemetry.dropping_stream import never_wait_for_stderr
from bff.telemetry.logs import configure_logs
never_wait_for_stderr()
configure_logs("prod")
for n in range(int(sys.argv[1])):
    logging.getLogger("x").info("line %d %s", n, "x" * 1000)
print("done", flush=True)
"""

LATER = f"""
from bff.telemetry import dropping_stream
dropping_stream.LAST_LINES_S = {PATIENCE_S}
sys.stdin.readline()
logging.getLogger("x").info("the last")
"""


@contextmanager
def piped(max_bytes: int) -> Generator[tuple[DroppingStream, int, list[int]]]:
    """A stream into a pipe, the end to read from, and the counts that were told."""
    reading, writing = os.pipe()
    told: list[int] = []
    try:
        yield DroppingStream(writing, on_dropped=told.append, max_bytes=max_bytes), reading, told
    finally:
        os.close(reading)


def read_all(descriptor: int, n_bytes: int) -> bytes:
    data = b""
    while len(data) < n_bytes:
        data += os.read(descriptor, 1 << 16)
    return data


def test_what_is_read_arrives_in_order() -> None:
    with piped(1 << 20) as (stream, reading, told):
        lines = [f"line {n} é\n" for n in range(1_000)]
        for line in lines:
            stream.write(line)

        assert stream.drain(PATIENCE_S)
        assert read_all(reading, len("".join(lines).encode())).decode() == "".join(lines)
    assert told == []


def test_what_nobody_reads_is_dropped_and_counted_when_somebody_reads_again() -> None:
    n_lines = 1_000
    with piped(100_000) as (stream, reading, told):
        for _ in range(n_lines):
            stream.write(LINE)
        is_drained_unread = stream.drain(0.0)
        reader = threading.Thread(target=read_all, args=(reading, 100_000))
        reader.start()
        reader.join()

        assert stream.drain(PATIENCE_S)
    assert not is_drained_unread
    assert sum(told) >= n_lines - (100_000 + 65_536) // len(LINE) - 1
    assert sum(told) < n_lines


def test_a_reader_that_has_left_is_no_failure() -> None:
    reading, writing = os.pipe()
    stream = DroppingStream(writing, on_dropped=lambda _: None)
    os.close(reading)

    stream.write("nobody\n")

    assert stream.drain(PATIENCE_S)


def test_a_process_whose_log_nobody_reads_goes_on_and_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "5000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        assert process.wait(PATIENCE_S) == 0


def test_a_process_whose_log_is_read_late_says_how_much_is_missing() -> None:
    script = f"{SCRIPT}\n{LATER}"
    with subprocess.Popen(
        [sys.executable, "-c", script, "5000"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = process.communicate(b"\n", PATIENCE_S)[1].decode().splitlines()

    # one line each time that there was room again
    dropped = [json.loads(line)["n"] for line in told if '"log_lines_dropped"' in line]
    n_lines = sum('"line ' in line for line in told)
    assert dropped
    assert sum(dropped) == 5_000 - n_lines
