"""How a block is run, by its language."""

import ast
import contextlib
import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import duckdb
import yaml

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import DATABASE_DDL
from backtest.identity import canonical_json
from bff.config.deployment import CONFIGS
from bff.config.settings import load_settings
from schema.examples import GRID
from schema.graphql.spelling import run_input
from schema.strategy_spec import read_spec
from tests.docs.errors import answered_with
from tests.docs.pages import ROOT, Block
from tests.docs.shell import run_shell
from tests.docs.site import PRINTED, Site

Names = dict[str, object]


def run_block(block: Block, site: Site, names: Names) -> None:
    """Run a block, or hold it against what it shows.

    Args:
        block: The block.
        site: Where it is run; the folder of the process is the reader's.
        names: What earlier blocks of Python on the page have defined.

    Raises:
        AssertionError: It does not do what the page says, or nothing here runs its language.
    """
    if block.language == "python":
        _python(block, site, names)
        return
    assert block.language in RUNNERS, (
        f"nothing here runs {block.language or 'a block without a language'}: add it to RUNNERS, or"
        " the block to left_out.py"
    )
    RUNNERS[block.language](block, site)


def _python(block: Block, site: Site, names: Names) -> None:
    names.setdefault("token", site.token())
    printed = shown_by(block, block.text.replace(PRINTED, site.address), names)
    if block.output is not None:
        assert printed == _rows(block.output)


def shown_by(block: Block, text: str, names: Names) -> list[str]:
    """The lines that a cell of a notebook shows: what it prints, and the value of its last line."""
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, block.place, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), block.place, "eval"), names)
            print("" if value is None else repr(value))
    return _rows(printed.getvalue())


def _rows(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _json(block: Block, site: Site) -> None:
    value = json.loads(block.text)
    if block.kind == "request":
        status, answer = site.ask(
            "/backtests",
            block.text.encode(),
            Authorization=f"Bearer {site.token()}",
            Content_Type="application/json",
        )
        assert status == 200, answer
    elif block.kind == "spec":
        read_spec(value)
    elif "error" in value:
        assert answered_with(value["error"], site) == value
    else:
        _hashed(block, value)


def _hashed(block: Block, value: object) -> None:
    """What a hash is made of: canonical, and its hash is on the page."""
    text = block.text.rstrip("\n")
    assert canonical_json(value) == text
    page = (ROOT / block.page).read_text(encoding="utf-8")
    assert f"`{sha256(text.encode()).hexdigest()}`" in page


def _graphql(block: Block, site: Site) -> None:
    variables = {"input": run_input(GRID)} if "$input" in block.text else {}
    is_stream = block.text.lstrip().startswith("subscription")
    status, answer = site.ask(
        "/graphql",
        json.dumps({"query": block.text, "variables": variables}).encode(),
        Authorization=f"Bearer {site.token()}",
        Content_Type="application/json",
        Accept="text/event-stream" if is_stream else "application/json",
    )
    assert status == 200, answer
    assert '"data"' in answer, answer
    assert '"errors"' not in answer, answer


def _yaml(block: Block, site: Site) -> None:
    """A part of one of the two files of settings, in the place of what is shipped there."""
    del site
    part: Mapping[str, Any] = yaml.safe_load(block.text)
    is_axes = bool({"indicators", "defaults"} & part.keys())
    shipped = CONFIGS / "indicators.yaml" if is_axes else CONFIGS / "dev" / "backtest.yaml"
    whole = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    document = part if "defaults" in part else _merged(whole, part)
    path = Path("of-the-page.yaml")
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    name = "ROEHUB_INDICATORS_CONFIG" if is_axes else "ROEHUB_BACKTEST_CONFIG"
    load_settings({name: str(path)})


def _merged(whole: Any, part: Any) -> Any:
    if not isinstance(whole, dict) or not isinstance(part, dict):
        return part
    known, told = cast("dict[str, Any]", whole), cast("dict[str, Any]", part)
    return known | {name: _merged(known.get(name), value) for name, value in told.items()}


def _sql(block: Block, site: Site) -> None:
    if "read_parquet" in block.text or ".parquet" in block.text:
        text = block.text.replace(".data", str(site.folder))
        assert duckdb.execute(text).fetchall()
    elif "CREATE TABLE strategy_strategies" in block.text:
        with contextlib.closing(sqlite3.connect(":memory:")) as store:
            store.executescript(block.text)
    else:
        _clickhouse(block)


def _clickhouse(block: Block) -> None:
    """Each statement, where the database is; one that creates users or rights is only read."""
    pool = ClickHousePool(EmbeddedEngine(directory=Path.cwd()))
    try:
        pool.run(lambda client: client.command(DATABASE_DDL))
        for statement in filter(str.strip, block.text.split(";\n")):
            is_right = block.first_line == "-- ClickHouse"
            asked = f"EXPLAIN AST {statement}" if is_right else statement
            pool.run(lambda client, asked=asked: client.command(asked))
    finally:
        pool.close()


RUNNERS: dict[str, Callable[[Block, Site], None]] = {
    "sh": run_shell,
    "json": _json,
    "graphql": _graphql,
    "yaml": _yaml,
    "sql": _sql,
}
