import socket
import threading

from bff.serving.reachable import unreachable
from tests.backtest.adapters.postgres_server import free_port


def test_what_listens_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        assert unreachable("127.0.0.1", port, within_s=0) is None


def test_what_comes_in_time_is_reached() -> None:
    port = free_port()
    listener: list[socket.socket] = []
    coming = threading.Timer(
        0.3, lambda: listener.append(socket.create_server(("127.0.0.1", port)))
    )
    coming.start()

    assert unreachable("127.0.0.1", port, within_s=20) is None
    coming.join()
    listener[0].close()


def test_where_nothing_listens_the_reason_is_told() -> None:
    assert unreachable("127.0.0.1", free_port(), within_s=0) == "Connection refused"
    assert unreachable("no-such-host.invalid", 1, within_s=0)
