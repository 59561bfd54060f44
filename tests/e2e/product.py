"""The product as its users meet it: candles come by `candles import`, answers by `run` and faces.

One data directory, the embedded store in it, and the real settings of `dev`; no double anywhere.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bff.cli import app
from bff.config.settings import load_settings
from bff.wiring import build
from tests.bff.doubles import client, token
from tests.e2e.world import Faces
from tests.faces import GraphqlFace, Request, RestFace, only_asked_for


@dataclass(frozen=True)
class Product:
    """Commands and faces over one data directory."""

    folder: Path
    rest: RestFace
    graphql: GraphqlFace

    def command(self, *arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def imported(self, path: Path, symbol: str, *options: object) -> Result:
        """What `candles import` says of a file."""
        place = ("--market-id", 1, "--symbol", symbol)
        return self.command("candles", "import", path, *place, *options)

    def offline(self, request: Request) -> dict[str, Any]:
        """What `run --out` writes."""
        asked, told = self.folder / "request.json", self.folder / "answer.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        result = self.command("run", asked, "--out", told)
        assert result.exit_code == 0, result.output
        return only_asked_for(json.loads(told.read_bytes()))

    def refusal(self, request: Request) -> dict[str, Any]:
        """The error that `run` prints."""
        asked = self.folder / "request.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        result = self.command("run", asked)
        assert result.exit_code == 1, result.output
        return json.loads(result.stdout)["error"]


@contextmanager
def product_in(folder: Path) -> Iterator[Product]:
    """A product whose data are in a folder."""
    environ = {"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(folder / "data")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        built = build(load_settings(environ))
        headers = {"Authorization": f"Bearer {token(built)}"}
        with client(built) as opened:
            faces: Faces = RestFace(opened, headers), GraphqlFace(opened, headers)
            yield Product(folder, *faces)
