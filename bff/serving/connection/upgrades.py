"""Offers to speak another protocol: nothing else is spoken here, so they are left out.

See: docs/security.md#threats-and-limits
"""

from collections.abc import Iterable, Iterator

Header = tuple[bytes, bytes]

OFFERS = frozenset({b"upgrade", b"http2-settings"})


def plain_head(method: bytes, url: bytes, version: str, headers: Iterable[Header]) -> bytes:
    """The head of a request that offered another protocol, without the offer.

    A server may ignore an offer (RFC 9110, 7.8). The parser cannot: it takes whatever follows
    such a head for the other protocol, the body included.

    Args:
        method: As sent.
        url: As sent.
        version: Of HTTP, `1.1` for example.
        headers: As parsed, names in lower case.
    """
    lines = [b" ".join((method, url, b"HTTP/" + version.encode("ascii")))]
    lines += [name + b": " + value for name, value in _without_offer(headers)]
    return b"\r\n".join([*lines, b"", b""])


def _without_offer(headers: Iterable[Header]) -> Iterator[Header]:
    for name, value in headers:
        if name == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            yield name, b", ".join(token for token in tokens if token.lower() not in OFFERS)
        elif name not in OFFERS:
            yield name, value
