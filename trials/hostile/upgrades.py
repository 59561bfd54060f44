"""Offers of other protocols."""

import shutil
import subprocess
from contextlib import ExitStack

from trials.hostile import limits
from trials.hostile.service import Service
from trials.hostile.verdict import Verdict
from trials.hostile.wire import (
    HOSTILE,
    QUESTION,
    answer_of,
    connected,
    honest_seconds,
    question,
)

WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
HTTP_2 = {
    "Connection": "Upgrade, HTTP2-Settings",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA",
}
N_CONNECTIONS = 1_100


def websockets(service: Service) -> Verdict:
    """1 100 connections that offer a WebSocket with a body, while somebody else asks."""
    with ExitStack() as stack:
        for _ in range(N_CONNECTIONS):
            line = stack.enter_context(connected(service.port, HOSTILE))
            line.sendall(question(headers=WEBSOCKET))
        waited = honest_seconds(service.port)
    status = offered(service, WEBSOCKET)
    honest = "not at all" if waited is None else f"in {waited * 1000:.0f} ms"
    return Verdict(
        holds=waited is not None and waited < limits.NOT_HELD_UP_S and status == 200,
        seen=f"{_told(status)}; somebody else was answered {honest}",
    )


def http_2(service: Service) -> Verdict:
    """What `curl --http2` and the JDK send: the offer, and a body."""
    status = offered(service, HTTP_2)
    by_curl = _by_curl(service) if shutil.which("curl") else "no curl here"
    return Verdict(
        holds=status == 200 and by_curl in {"200", "no curl here"},
        seen=f"{_told(status)}; curl --http2: {by_curl}",
    )


def offered(service: Service, headers: dict[str, str]) -> int:
    """The status of a good question with an offer; 0 for no answer."""
    with connected(service.port) as line:
        line.settimeout(limits.OFFERED_S)
        line.sendall(question(service.token, headers))
        return answer_of(line)[0]


def _told(status: int) -> str:
    return f"answered with {status}" if status else "not answered"


def _by_curl(service: Service) -> str:
    words = f"curl --silent --http2 --max-time {limits.CURL_S:g} --output /dev/null --write-out"
    fields = ("Content-Type: application/json", f"Authorization: Bearer {service.token}")
    done = subprocess.run(
        [
            *words.split(),
            "%{http_code}",
            *(word for field in fields for word in ("--header", field)),
            "--data-binary",
            QUESTION.decode(),
            f"http://127.0.0.1:{service.port}/graphql",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout
