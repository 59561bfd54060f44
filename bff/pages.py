"""The pages for people: where to start, REST, GraphQL. They exist where `server.graphiql` is true.

Their examples are those of `schema.examples`, sent to the address that the page itself came from.
See: docs/security.md
"""

import html
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, cast

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bff.console import GRAPHIQL_POLICY, graphiql_folder
from schema.examples import GRID, USER, graphql_examples

START_PATH = "/start"
OPENAPI_PATH = "/openapi.json"
SCRIPTS_PATH = "/swagger"
SCRIPT = "roehub-backtest"
_FOLDER = Path(__file__).parent
_WIDTH = 96


async def start_page(request: Request) -> HTMLResponse:
    """What this is and how to try it."""
    address = str(request.base_url).rstrip("/")
    command = own_command()
    example = shell_example(address, command)
    return _page(_FOLDER / "start_page.html", command=command, example=example)


async def rest_page() -> HTMLResponse:
    """The REST contract to read and to try; its scripts come from here, not from another host."""
    return get_swagger_ui_html(
        openapi_url=OPENAPI_PATH,
        title="POST /backtests",
        swagger_js_url=f"{SCRIPTS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{SCRIPTS_PATH}/swagger-ui.css",
        swagger_favicon_url=f"{SCRIPTS_PATH}/favicon-32x32.png",
    )


def graphql_page() -> HTMLResponse:
    """GraphiQL where it is built, otherwise documents to choose from, to edit and to send."""
    texts = {"command": own_command(), "examples": json.dumps(graphql_examples())}
    folder = graphiql_folder()
    if folder is None:
        return _page(_FOLDER / "graphql" / "page.html", **texts)
    page = _page(folder / "index.html", **texts)
    page.headers["Content-Security-Policy"] = GRAPHIQL_POLICY
    return page


def shell_example(address: str, command: str) -> str:
    """Two shell commands that make a token and ask for the example's grid."""
    body = shlex.quote(_laid_out(GRID))
    return (
        f"TOKEN=$({command} token --user-id {USER})\n"
        f"curl -s {shlex.quote(address + '/backtests')} \\\n"
        f'  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d {body}'
    )


def own_command() -> str:
    """How a shell calls these commands in the folder in which this process was started."""
    script = Path(sys.executable).with_name(SCRIPT)
    if not script.exists():
        return shlex.join([sys.executable, "-m", "bff"])
    found = shutil.which(SCRIPT)
    if found is not None and Path(found).samefile(script):
        return SCRIPT
    folder = Path.cwd()
    return shlex.quote(str(script.relative_to(folder) if script.is_relative_to(folder) else script))


def _page(path: Path, **texts: str) -> HTMLResponse:
    page = path.read_text(encoding="utf-8")
    for key, text in texts.items():
        page = page.replace(f"{{{{{key}}}}}", html.escape(text))
    return HTMLResponse(page)


def _laid_out(value: Any, indent: int = 0) -> str:
    """JSON that breaks only lines that would be too long."""
    line = json.dumps(value)
    if indent + len(line) <= _WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + 2
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        items = [f"{json.dumps(name)}: {_laid_out(member, inner)}" for name, member in members]
    else:
        items = [_laid_out(item, inner) for item in cast("list[Any]", value)]
    separator = ",\n" + " " * inner
    return f"{line[0]}{separator[1:]}{separator.join(items)}\n{' ' * indent}{line[-1]}"
