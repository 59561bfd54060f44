"""`schema`: print what is published, for snapshots and code generators.

See: docs/commands.md
"""

import json

import typer

app = typer.Typer(no_args_is_help=True, help="Print a published schema.")


@app.command()
def graphql() -> None:
    """Print the GraphQL schema as SDL."""
    from bff.graphql.router import graphql_sdl

    typer.echo(graphql_sdl().rstrip("\n").encode())


@app.command()
def openapi() -> None:
    """Print the OpenAPI document as JSON."""
    from schema.openapi import openapi_document

    typer.echo(json.dumps(openapi_document(), ensure_ascii=False, indent=2).encode())
