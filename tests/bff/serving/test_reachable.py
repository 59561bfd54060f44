import socket
import threading

from bff.serving.reachable import unreachable
from tests.waiting import PATIENCE_S


def test_what_listens_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert unreachable("127.0.0.1", port, within_s=0) is None


def test_what_comes_in_time_is_reached() -> None:
    with socket.socket() as coming:
        coming.bind(("127.0.0.1", 0))
        begins = threading.Timer(0.3, coming.listen)
        begins.start()

        assert unreachable("127.0.0.1", coming.getsockname()[1], within_s=PATIENCE_S) is None
        begins.join()


def test_where_nothing_listens_the_reason_is_told() -> None:
    assert unreachable("127.0.0.1", 1, within_s=0) == "Connection refused"
    assert unreachable("no-such-host.invalid", 1, within_s=0)
    assert unreachable("127.0.0..1", 1, within_s=0) == "not a valid host name"
