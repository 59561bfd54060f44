"""Which pages may use the cookie of a browser.

See: docs/security.md#cookies-and-other-sites
"""

from collections.abc import Collection, Mapping

from starlette.datastructures import Headers

DEFAULT_PORTS: Mapping[str, str] = {"http": ":80", "https": ":443"}


def may_use_cookie(headers: Headers, scheme: str, allowed_origins: Collection[str]) -> bool:
    """Whether the call comes from a page of this site, of an allowed one, or from no page at all.

    Browsers set `Origin` with every POST and newer ones `Sec-Fetch-Site` as well; no page can
    change either of them, nor `Host`.

    Args:
        headers: Of the request.
        scheme: Of the connection: `https` is certain, `http` may be what a proxy makes of it.
        allowed_origins: Other sites whose pages may use the cookie.

    See: docs/security.md
    """
    origins = headers.getlist("origin")
    if len(origins) > 1 or origins == ["null"]:
        return False
    if origins and origins[0] in allowed_origins:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return not origins or _is_own(origins[0], headers.getlist("host"), scheme)


def _is_own(origin: str, hosts: list[str], scheme: str) -> bool:
    if len(hosts) != 1 or not hosts[0]:
        return False
    schemes = ["https"] if scheme == "https" else ["http", "https"]
    return _normal(origin) in {_normal(f"{own}://{hosts[0]}") for own in schemes}


def _normal(origin: str) -> str:
    """In lower case and without the port that the scheme implies."""
    lowered = origin.lower()
    return lowered.removesuffix(DEFAULT_PORTS.get(lowered.partition("://")[0], ""))
