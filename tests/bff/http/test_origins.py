"""Which shapes of a request with a cookie count, over both faces."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from tests.bff.doubles import GOOD, client, services, serving, token
from tests.faces import built_service
from tests.fakes import FakeBacktester

ALLOWED = "http://testserver"  # configs/test/backtest.yaml
QUESTION = {"query": "{ runtimeDefaults { topK } }"}
BODIES = {"/backtests": GOOD, "/graphql": QUESTION}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the browser, or another program, and the proxy before us have sent."""

    name: str
    counts: bool
    origin: str | None = None
    site: str | None = None
    host: str = "app.example.org"
    scheme: str = "http"


SHAPES = (
    # no page at all
    Shape(name="neither header: a program, or a browser that asked by itself", counts=True),
    Shape(name="neither header, over TLS", counts=True, scheme="https"),
    Shape(name="neither header, no host", counts=True, host=""),
    # what new browsers say
    Shape(name="same origin alone", counts=True, site="same-origin"),
    Shape(name="same site alone", counts=False, site="same-site"),
    Shape(name="cross site alone", counts=False, site="cross-site"),
    Shape(name="none alone", counts=False, site="none"),
    Shape(name="rubbish alone", counts=False, site="SAME-ORIGIN"),
    Shape(
        name="own page, both headers",
        counts=True,
        origin="https://app.example.org",
        site="same-origin",
    ),
    Shape(
        name="own page, the proxy changed the host",
        counts=True,
        origin="https://app.example.org",
        site="same-origin",
        host="10.0.0.7:8080",
    ),
    Shape(
        name="a page of a sibling domain",
        counts=False,
        origin="https://blog.example.org",
        site="same-site",
    ),
    Shape(
        name="a page of another site",
        counts=False,
        origin="https://evil.example",
        site="cross-site",
    ),
    Shape(
        name="our name over plain http, we over TLS",
        counts=False,
        origin="http://app.example.org",
        site="cross-site",
    ),
    # an allowed site
    Shape(name="allowed origin", counts=True, origin=ALLOWED),
    Shape(name="allowed origin from another site", counts=True, origin=ALLOWED, site="cross-site"),
    Shape(name="allowed origin with more behind", counts=False, origin=ALLOWED + ".evil.example"),
    # the own host, told by the origin alone
    Shape(name="plain http on a name", counts=True, origin="http://app.example.org"),
    Shape(
        name="plain http on a port",
        counts=True,
        origin="http://app.example.org:8080",
        host="app.example.org:8080",
    ),
    Shape(
        name="plain http on an address",
        counts=True,
        origin="http://192.168.1.5:8080",
        host="192.168.1.5:8080",
    ),
    Shape(name="IPv6", counts=True, origin="http://[::1]:8080", host="[::1]:8080"),
    Shape(
        name="default port in the host",
        counts=True,
        origin="http://app.example.org",
        host="app.example.org:80",
    ),
    Shape(
        name="default port in the origin",
        counts=True,
        origin="http://app.example.org:80",
    ),
    Shape(
        name="default port of TLS in the host",
        counts=True,
        origin="https://app.example.org",
        host="app.example.org:443",
    ),
    Shape(name="letter case", counts=True, origin="http://app.example.org", host="App.Example.ORG"),
    Shape(name="TLS ended before us, unsaid", counts=True, origin="https://app.example.org"),
    Shape(name="TLS here", counts=True, origin="https://app.example.org", scheme="https"),
    Shape(
        name="TLS here, a page over plain http",
        counts=False,
        origin="http://app.example.org",
        scheme="https",
    ),
    Shape(
        name="plain http beside the port of TLS",
        counts=False,
        origin="http://app.example.org",
        host="app.example.org:443",
    ),
    # somebody else
    Shape(name="another host", counts=False, origin="http://evil.example"),
    Shape(name="another port", counts=False, origin="http://app.example.org:9000"),
    Shape(name="our name as a prefix", counts=False, origin="http://app.example.org.evil.example"),
    Shape(name="our name as a suffix", counts=False, origin="http://evil-app.example.org"),
    Shape(name="a parent domain", counts=False, origin="http://example.org"),
    Shape(name="a sandboxed frame or a file", counts=False, origin="null"),
    Shape(name="null beside a good word", counts=False, origin="null", site="same-origin"),
    Shape(name="null as the host", counts=False, origin="null", host="null"),
    Shape(name="an extension", counts=False, origin="chrome-extension://app.example.org"),
    Shape(name="no scheme", counts=False, origin="app.example.org"),
    Shape(name="an empty origin", counts=False, origin=""),
    Shape(name="an empty origin and host", counts=False, origin="http://", host=""),
    Shape(name="two in one", counts=False, origin="http://app.example.org http://evil.example"),
)


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[TestClient, str]]:
    built = serving(services(), built_service(FakeBacktester()))
    with client(built) as opened:
        yield opened, token(built)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_cookie_counts_where_the_page_may_use_it(
    asked: tuple[TestClient, str], shape: Shape, path: str
) -> None:
    opened, good = asked
    named = {"Origin": shape.origin, "Sec-Fetch-Site": shape.site, "Host": shape.host}
    headers = {name: value for name, value in named.items() if value is not None}

    answer = opened.post(
        f"{shape.scheme}://testserver{path}",
        json=BODIES[path],
        headers={**headers, "Cookie": f"roehub_identity_jwt={good}"},
    )

    assert answer.status_code == (200 if shape.counts else 401), answer.text


@pytest.mark.parametrize("path", BODIES)
def test_a_bearer_token_counts_whatever_the_page(asked: tuple[TestClient, str], path: str) -> None:
    opened, good = asked
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}

    answer = opened.post(
        path, json=BODIES[path], headers={**foreign, "Authorization": f"Bearer {good}"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("path", BODIES)
def test_two_origins_are_nobody(asked: tuple[TestClient, str], path: str) -> None:
    opened, good = asked
    pairs = [("Origin", "http://testserver"), ("Origin", "http://evil.example")]

    answer = opened.post(
        path, json=BODIES[path], headers=[*pairs, ("Cookie", f"roehub_identity_jwt={good}")]
    )

    assert answer.status_code == 401
