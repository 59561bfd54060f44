"""Who is calling: a signed token in a bearer header or a cookie.

See: docs/security.md
"""
# pyright: reportUnknownMemberType=false
# PyJWT leaves the type of its keys open.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard, get_args
from uuid import UUID

import jwt
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from bff.http.errors import Code, RoehubError
from bff.http.origins import may_use_cookie
from bff.http.tokens import ALGORITHM, PaidLevel

MAX_TOKEN_CHARS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The verified sender of a request.

    See: docs/security.md
    """

    user_id: UUID
    paid_level: PaidLevel


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Authenticator:
    """Verifies tokens. Called with the headers and the scheme of a request, it gives the caller.

    Args:
        secret: Key of the HS256 signature.
        cookie_name: Cookie that may hold the token.
        allowed_origins: Other sites whose pages may use the cookie.
        leeway_s: Tolerated difference between clocks, in seconds.

    See: docs/security.md
    """

    secret: str
    cookie_name: str
    allowed_origins: frozenset[str]
    leeway_s: int = 0

    def __call__(self, headers: Headers, scheme: str = "http") -> Caller:
        """The caller; a bearer header wins over a cookie, even when it is wrong.

        Raises:
            RoehubError: `unauthorized`, the token is missing, malformed, expired or forged, or a
                cookie comes from a page of another site.
        """
        authorization = headers.getlist("authorization")
        if authorization:
            return self._verified(_bearer(authorization))
        token = cookie_parser(headers.get("cookie", "")).get(self.cookie_name)
        if not token:
            _refuse("A token is required: send it as Authorization: Bearer")
        if not may_use_cookie(headers, scheme, self.allowed_origins):
            _refuse("A cookie is accepted only from pages of this site or of an allowed origin")
        return self._verified(token)

    def _verified(self, token: str) -> Caller:
        if len(token) > MAX_TOKEN_CHARS:
            _refuse("The token is not valid")
        try:
            claims = jwt.decode(
                token,
                self.secret,
                algorithms=[ALGORITHM],
                leeway=self.leeway_s,
                options={"require": ["sub", "paid_level", "iat", "exp"]},
            )
        except jwt.ExpiredSignatureError:
            _refuse("The token has expired")
        except (jwt.InvalidTokenError, OverflowError):
            _refuse("The token is not valid")
        return _to_caller(claims)


def _bearer(values: list[str]) -> str:
    if len(values) > 1:
        _refuse("Only one Authorization header is allowed")
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        _refuse("The Authorization header must read: Bearer, a space and the token")
    return token.strip()


def _to_caller(claims: Mapping[str, Any]) -> Caller:
    subject, level = claims["sub"], claims["paid_level"]
    try:
        user_id = UUID(subject)
    except ValueError:
        _refuse("The token is not valid")
    if str(user_id) != subject.lower() or not _is_paid_level(level):
        _refuse("The token is not valid")
    return Caller(user_id=user_id, paid_level=level)


def _is_paid_level(value: object) -> TypeGuard[PaidLevel]:
    return isinstance(value, str) and value in get_args(PaidLevel)


def _refuse(message: str) -> NoReturn:
    raise RoehubError(Code.UNAUTHORIZED, message)
