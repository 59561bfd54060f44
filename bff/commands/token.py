"""`token`: print a token that `serve` accepts.

See: docs/security.md
"""

from typing import Annotated
from uuid import UUID

import typer

from bff.commands.expected import deployed, reported_failures
from bff.http.tokens import PaidLevel, issue_token


def token(
    user_id: Annotated[UUID, typer.Option(help="User the token is for.")],
    paid_level: Annotated[PaidLevel, typer.Option(help="Paid level of the user.")] = "free",
    ttl: Annotated[
        int | None, typer.Option(min=1, help="Seconds until it expires; default from the config.")
    ] = None,
) -> None:
    """Print a signed token, and nothing else."""
    from bff.config.secret import signing_secret

    deployment = deployed()
    with reported_failures():
        secret = signing_secret(deployment.environment)
    typer.echo(
        issue_token(
            secret,
            user_id=user_id,
            paid_level=paid_level,
            ttl_s=ttl or deployment.main.identity.token_ttl_seconds,
        )
    )
