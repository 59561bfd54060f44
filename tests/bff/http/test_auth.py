from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from starlette.datastructures import Headers

from bff.config.environment import read_environment
from bff.config.secret import signing_secret
from bff.http.auth import Authenticator, Caller
from bff.http.errors import Code, RoehubError
from bff.http.tokens import issue_token

SECRET = "k" * 32
USER = UUID("00000000-0000-4000-8000-000000000001")
SITE = "https://app.example.org"
NOW = 1_700_000_000
FAR = 4_000_000_000

authenticate = Authenticator(
    secret=SECRET, cookie_name="identity", allowed_origins=frozenset({SITE})
)


def claims(**changes: Any) -> dict[str, Any]:
    whole = {"sub": str(USER), "paid_level": "pro", "iat": NOW, "exp": FAR} | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(payload: Mapping[str, Any], *, key: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(dict(payload), key, algorithm=algorithm)


def bearer(token: str) -> Headers:
    return Headers({"Authorization": f"Bearer {token}"})


def cookie(token: str, **headers: str) -> Headers:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Headers({"Cookie": f"theme=dark; identity={token}", **named})


def refusal(headers: Headers) -> str:
    with pytest.raises(RoehubError) as caught:
        authenticate(headers)
    error = caught.value
    assert (error.code, error.status) == (Code.UNAUTHORIZED, 401)
    assert error.headers["WWW-Authenticate"] == "Bearer"
    return error.message


GOOD = signed(claims())
EXPECTED = Caller(user_id=USER, paid_level="pro")


@pytest.mark.parametrize(
    "headers",
    [
        bearer(GOOD),
        Headers({"authorization": f"bearer  {GOOD} "}),
        cookie(GOOD, Origin=SITE),
        cookie(GOOD, Sec_Fetch_Site="same-origin"),
        cookie(GOOD),
        Headers({"Authorization": f"Bearer {GOOD}", "Cookie": "identity=rubbish"}),
    ],
    ids=[
        "bearer",
        "any case and spaces",
        "cookie",
        "cookie of an own page",
        "no page",
        "bearer wins",
    ],
)
def test_a_good_token_names_the_caller(headers: Headers) -> None:
    assert authenticate(headers) == EXPECTED


@pytest.mark.parametrize(
    "headers",
    [
        cookie(GOOD, Origin="https://evil.example"),
        cookie(GOOD, Origin="null"),
        cookie(GOOD, Origin=SITE + ".evil.example"),
        cookie(GOOD, Sec_Fetch_Site="same-site"),
        cookie(GOOD, Sec_Fetch_Site="cross-site"),
    ],
)
def test_a_cookie_from_another_page_is_refused(headers: Headers) -> None:
    assert refusal(headers) == (
        "A cookie is accepted only from pages of this site or of an allowed origin"
    )


@pytest.mark.parametrize(
    "headers",
    [Headers(), Headers({"Cookie": "other=1"}), Headers({"Cookie": "identity="})],
)
def test_a_missing_token_is_said_to_be_missing(headers: Headers) -> None:
    assert refusal(headers).startswith("A token is required")


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic dTpw", GOOD])
def test_another_authorization_is_refused_even_beside_a_good_cookie(value: str) -> None:
    headers = Headers({"Authorization": value, "Cookie": f"identity={GOOD}", "Origin": SITE})

    assert refusal(headers).startswith("The Authorization header must read")


def test_two_authorization_headers_are_refused() -> None:
    pair = (b"authorization", f"Bearer {GOOD}".encode())

    assert refusal(Headers(raw=[pair, pair])).startswith("Only one")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        GOOD[:-2] + ("AA" if not GOOD.endswith("AA") else "BB"),
        "A" * 5_000,
        signed(claims(), key="other" * 10),
        signed(claims(), key=SECRET * 2, algorithm="HS512"),
        jwt.encode(claims(), "", algorithm="none"),
        signed(claims(sub=None)),
        signed(claims(paid_level=None)),
        signed(claims(iat=None)),
        signed(claims(exp=None)),
        signed(claims(sub="somebody")),
        signed(claims(sub="{" + str(USER) + "}")),
        signed(claims(paid_level="platinum")),
        signed(claims(paid_level=1)),
        signed(claims(paid_level=["pro"])),
        signed(claims(iat=FAR - 1)),
        signed(claims(nbf=FAR - 1)),
        signed(claims(exp="soon")),
        signed(claims(exp=float("inf"))),
        signed(claims(aud="elsewhere")),
    ],
    ids=[
        "no token", "three letters", "changed signature", "huge", "other key", "other algorithm",
        "unsigned", "no sub", "no level", "no iat", "no exp", "sub not a uuid", "sub in braces",
        "unknown level", "level a number", "level a list", "from the future", "not yet valid",
        "exp a text",
        "exp infinite", "for another audience",
    ],
)  # fmt: skip
def test_every_forgery_looks_the_same(token: str) -> None:
    assert refusal(bearer(token)) == "The token is not valid"


def test_an_expired_token_is_said_to_be_expired() -> None:
    assert refusal(bearer(signed(claims(exp=NOW + 1)))) == "The token has expired"


def test_an_issued_token_is_accepted_until_it_expires() -> None:
    lasting = issue_token(SECRET, user_id=USER, paid_level="free", ttl_s=3_600)
    ended = issue_token(SECRET, user_id=USER, paid_level="free", ttl_s=60, now_s=NOW)

    assert authenticate(bearer(lasting)) == Caller(user_id=USER, paid_level="free")
    assert refusal(bearer(ended)) == "The token has expired"


def test_a_leeway_forgives_small_differences_between_clocks() -> None:
    tolerant = Authenticator(
        secret=SECRET, cookie_name="identity", allowed_origins=frozenset(), leeway_s=3_600
    )
    token = issue_token(SECRET, user_id=USER, paid_level="free", ttl_s=-5)

    assert tolerant(bearer(token)).user_id == USER


def test_dev_keeps_one_private_secret_in_the_data_directory(tmp_path: Path) -> None:
    environment = read_environment({"ROEHUB_DATA_DIR": str(tmp_path / "data")})

    first, second = signing_secret(environment), signing_secret(environment)

    (kept,) = (tmp_path / "data").iterdir()
    assert first == second
    assert len(first) >= 32
    assert kept.stat().st_mode & 0o777 == 0o600


def test_test_environments_share_a_secret_and_a_configured_one_wins(tmp_path: Path) -> None:
    default = signing_secret(read_environment({"ROEHUB_ENV": "test"}))
    configured = read_environment({"ROEHUB_ENV": "test", "IDENTITY_JWT_SECRET": SECRET})

    assert default == signing_secret(read_environment({"ROEHUB_ENV": "test"}))
    assert signing_secret(configured) == SECRET
