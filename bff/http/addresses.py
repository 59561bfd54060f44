"""Who a client is for limits: an address, or the network that one subscriber has.

See: docs/security.md#behind-a-proxy
"""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

NETWORK_BITS = 64


class Networks:
    """Addresses and networks, to be asked with `in`.

    Args:
        networks: Each an address or a network in CIDR notation.

    Raises:
        ValueError: One of them is neither, or a network has host bits set.

    See: docs/security.md#behind-a-proxy
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ip_network(network) for network in networks]

    def __contains__(self, address: str) -> bool:
        """Whether one of them holds the address; what is no address is in none."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def with_mapped(networks: Collection[str]) -> list[str]:
    """The networks, and those of version 4 once more as a listener of both versions sees them.

    Args:
        networks: Each an address or a network in CIDR notation.

    Returns:
        `10.0.0.0/8` and then `::ffff:10.0.0.0/104`, for example.

    Raises:
        ValueError: One of them is neither, or a network has host bits set.

    See: docs/security.md#behind-a-proxy
    """
    mapped = (
        f"::ffff:{network.network_address}/{96 + network.prefixlen}"
        for network in map(ip_network, networks)
        if isinstance(network, IPv4Network)
    )
    return [*networks, *mapped]


def place_of(address: str) -> str:
    """The address; of version 6 only the network, all of which one subscriber has.

    See: docs/security.md
    """
    parsed = _parsed(address)
    if parsed is None:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    network = int(parsed) >> NETWORK_BITS << NETWORK_BITS
    return f"{IPv6Address(network)}/{NETWORK_BITS}"


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
