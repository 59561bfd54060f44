"""A limit on the time that a database call may take, whatever the other side does.

A server limits its own statements, but a peer that has gone silent limits nothing, and the driver
would wait for it without end.
"""

import os
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError


@contextmanager
def ended_after(connection: sa.Connection, limit_s: float) -> Generator[None]:
    """Cut the connection when the block takes longer; a file needs no such thing.

    Raises:
        TimeoutError: The time was up.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        yield
        return
    is_late = threading.Event()
    descriptor = os.dup(driver.fileno())

    def cut() -> None:
        is_late.set()
        with socket.socket(fileno=descriptor) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(limit_s, cut)
    timer.start()
    try:
        yield
    except SQLAlchemyError as error:
        if is_late.is_set():
            raise TimeoutError("the database did not answer in time") from error
        raise
    finally:
        timer.cancel()
        timer.join()
        if not is_late.is_set():
            os.close(descriptor)
