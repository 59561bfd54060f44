"""One HTTP exchange over a connection of its own, as a well or badly behaved client has it."""

import asyncio
import time
from dataclasses import dataclass

PIECE = 64
# With it GraphQL answers failures with their status, as REST does.
STATUS_TOLD = "application/graphql-response+json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back.

    `status` is None where no whole answer came; `seconds` count from `sent_at`, when the request
    was sent to its end; that is None where it was not.
    """

    status: int | None
    headers: dict[str, str]
    body: bytes
    seconds: float
    sent_at: float | None


async def exchange(
    port: int,
    path: str,
    body: bytes,
    token: str | None,
    *,
    leave_after_s: float | None = None,
    is_slow: bool = False,
) -> Answer:
    """Send, and read until the server closes or this client loses its patience."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Accept: {STATUS_TOLD}\r\n"
    )
    if token is not None:
        head += f"Authorization: Bearer {token}\r\n"
    received, sent_at = b"", None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await _send(writer, head.encode() + b"\r\n", body, is_slow=is_slow)
            sent_at = time.monotonic()
            async with asyncio.timeout(leave_after_s):
                received = await reader.read()
        except TimeoutError:
            pass
        finally:
            writer.close()
    except OSError:
        pass
    status, headers, content = _parsed(received)
    return Answer(
        status=status,
        headers=headers,
        body=content,
        seconds=0.0 if sent_at is None else time.monotonic() - sent_at,
        sent_at=sent_at,
    )


async def _send(writer: asyncio.StreamWriter, head: bytes, body: bytes, *, is_slow: bool) -> None:
    writer.write(head)
    if is_slow:
        for start in range(0, len(body), PIECE):
            writer.write(body[start : start + PIECE])
            await writer.drain()
            await asyncio.sleep(0.05)
    else:
        writer.write(body)
    await writer.drain()


def _parsed(received: bytes) -> tuple[int | None, dict[str, str], bytes]:
    head, end, content = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    if not end or int(headers.get("content-length", "-1")) != len(content):
        return None, {}, b""
    return int(lines[0].split()[1]), headers, content
