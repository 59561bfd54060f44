"""Signed tokens as the commands make them; `bff.http.auth` judges them.

Apart from it, because `token` should not wait for a web framework.
See: docs/security.md
"""
# pyright: reportUnknownMemberType=false
# PyJWT leaves the type of its keys open.

import time
from typing import Literal
from uuid import UUID

PaidLevel = Literal["free", "base", "pro", "ultra"]

ALGORITHM = "HS256"


def issue_token(
    secret: str, *, user_id: UUID, paid_level: PaidLevel, ttl_s: int, now_s: int | None = None
) -> str:
    """A token that `Authenticator` accepts for `ttl_s` seconds from `now_s` (default: now).

    See: docs/security.md
    """
    import jwt  # noqa: PLC0415 - whoever asks for help or a `PaidLevel` does not wait for it

    issued_s = int(time.time()) if now_s is None else now_s
    claims = {
        "sub": str(user_id),
        "paid_level": paid_level,
        "iat": issued_s,
        "exp": issued_s + ttl_s,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)
