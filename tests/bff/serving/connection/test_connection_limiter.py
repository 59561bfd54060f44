import json
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest

from bff.config.sections import Connections
from bff.serving.connection.connection_limiter import MAX_OUTSIDE, ConnectionLimiter
from tests.bff.serving.connection.served import GET, Play, served

HELD = GET.replace(b"/", b"/held", 1)
CLOSING = GET[:-2] + b"Connection: close\r\n\r\n"


class Member:
    def __init__(self) -> None:
        self.has_gone = False

    def make_room(self) -> None:
        self.has_gone = True


def test_an_address_has_only_so_many_places_and_gets_them_back() -> None:
    limiter = ConnectionLimiter(10, 2)
    member = Member()

    entered = [limiter.enter("10.0.0.1") for _ in range(3)]
    others = limiter.enter("10.0.0.2")
    limiter.leave("10.0.0.1", member)

    assert entered == [True, True, False]
    assert others
    assert limiter.enter("10.0.0.1")


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_a_network_of_version_6_counts_as_one_address(
    first: str, second: str, is_one: bool
) -> None:
    limiter = ConnectionLimiter(10, 1)

    limiter.enter(first)

    assert limiter.enter(second) is not is_one


def test_a_newcomer_takes_the_place_of_whoever_has_waited_longest() -> None:
    limiter = ConnectionLimiter(2, None)
    first, second = Member(), Member()
    for member in (first, second):
        limiter.enter("10.0.0.1")
        limiter.begin_waiting(member)
    limiter.begin_waiting(first)  # it has been answered in the meantime

    assert limiter.enter("10.0.0.2")
    assert (first.has_gone, second.has_gone) == (False, True)


def test_whoever_is_being_answered_keeps_the_place() -> None:
    limiter = ConnectionLimiter(1, None)
    member = Member()
    limiter.enter("10.0.0.1")
    limiter.begin_waiting(member)
    limiter.stop_waiting(member)

    assert not limiter.enter("10.0.0.2")
    assert not member.has_gone


def test_only_some_are_told_that_there_is_no_room() -> None:
    limiter = ConnectionLimiter(1, None)

    told = [limiter.stay_outside() for _ in range(MAX_OUTSIDE + 1)]
    limiter.go_away()

    assert told.count(False) == 1
    assert limiter.stay_outside()


def test_a_connection_without_a_place_is_told_so(play: Play) -> None:
    async def visit() -> bytes:
        async with served(Connections(max_per_address=1)) as server:
            _, writer = await server.connect()
            writer.write(HELD)
            await server.app.begun.wait()
            refused = await server.said(CLOSING)
            writer.close()
            await server.app.left.wait()
            return refused

    head, _, body = play(visit()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in head.lower()
    assert json.loads(body)["error"]["code"] == "overloaded"


def test_silent_connections_do_not_keep_a_client_out_and_a_running_request_goes_on(
    play: Play,
) -> None:
    async def visit() -> SimpleNamespace:
        async with served(Connections(max_total=8, max_per_address=None)) as server:
            async with AsyncExitStack() as stack:
                reader, writer = await server.connect()
                stack.callback(writer.close)
                writer.write(HELD)
                await server.app.begun.wait()
                for _ in range(40):
                    _, silent = await server.connect()
                    stack.callback(silent.close)
                answers = [await server.said(CLOSING) for _ in range(3)]
                server.app.released.set()
                held = await reader.readuntil(b"\r\n")
            return SimpleNamespace(answers=answers, held=held)

    seen = play(visit())

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in seen.answers)
    assert seen.held.startswith(b"HTTP/1.1 200")
