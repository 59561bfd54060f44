"""Answers that misled, played on the real product: imported, run offline, asked over both faces.

See: docs/answer.md
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bff.served import serving
from tests.e2e.answers import whole_answer
from tests.e2e.product import Product, product_in
from tests.faces import Request, to_graphql

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
LENGTHS = {"01": "4h", "02": "1h", "03": "1d"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One store with the candles of every case, each under the number of its case."""
    with product_in(tmp_path_factory.mktemp("cases")) as opened:
        for case in NAMES:
            for file in CASES.joinpath(case).glob("candles*.csv"):
                length = ("--interval", LENGTHS[case[:2]]) if case[:2] in LENGTHS else ()
                result = opened.imported(file, symbol_of(file), *length)
                assert (result.exit_code == 0) == (case[:2] != "08"), result.output
        yield opened


def symbol_of(file: Path) -> str:
    number = f"AAA{file.parent.name[:2]}"
    return f"{number}CENTS" if "cents" in file.name else number


def case_of(number: str) -> Path:
    (found,) = CASES.glob(f"{number}-*")
    return found


def right_of(number: str) -> dict[str, Any]:
    return json.loads((case_of(number) / "expected.json").read_text("utf-8"))["right"]


def request_of(
    number: str, name: str = "request.json", candles: str = "candles.csv", **changes: Any
) -> Request:
    case = case_of(number)
    request: Request = json.loads((case / name).read_text("utf-8")) | changes
    request["template"]["instrument_id"]["symbol"] = symbol_of(case / candles)
    return request


def answer_of(product: Product, request: Request) -> dict[str, Any]:
    """The one answer of all three ways to ask."""
    offline = product.offline(request)
    assert product.rest.run(request) == offline
    assert whole_answer(product.graphql, request) == offline
    return offline


def metrics_of(product: Product, request: Request) -> dict[str, Any]:
    (variant,) = answer_of(product, request)["variants"]
    return variant["report"]["metrics"]


def about(value: float) -> Any:
    return pytest.approx(value, rel=1e-12)


def test_01_the_first_day_is_in_the_standard_ratios(product: Product) -> None:
    right = right_of("01")

    (variant,) = answer_of(product, request_of("01"))["variants"]

    standard = variant["report"]["standard"]
    assert standard["sharpe"] == about(right["Sharpe, mean/sd*sqrt(365)"])
    assert standard["sortino"] == about(right["Sortino, mean/downside*sqrt(365)"])
    assert standard["calmar"] is None
    assert standard["reasons"]["calmar"] == "needs 30 days, the run has 4"


def test_02_an_answer_tells_where_its_candles_end(product: Product) -> None:
    right = right_of("02")
    request = request_of("02")

    answer = answer_of(product, request)

    (told,) = [n["message"] for n in answer["notes"] if n["code"] == "range_beyond_candles"]
    assert re.search(r"candles end at 2024-03-06T23:00.*8,615 of 8,736 bars are made up", told)
    assert answer["data"]["last_candle"] == "2024-03-06T23:00:00.000Z"
    assert answer["data"]["bars_filled"] == 8_615
    request["time_range"]["end"] = "2024-03-07T00:00:00.001Z"
    ended = answer_of(product, request)
    metrics = ended["variants"][0]["report"]["metrics"]
    exit_ = ended["variants"][0]["report"]["trades"][-1]
    assert ended["target_bars"] == right["target_bars"]
    assert f"{exit_['exit_ts']} {exit_['exit_reason']}" == right["last exit"]
    for name in set(metrics) & set(right):
        assert metrics[name] == about(right[name]), name


def test_03_a_good_week_has_the_sharpe_of_its_daily_returns(product: Product) -> None:
    (variant,) = answer_of(product, request_of("03"))["variants"]

    # prices of six decimals stand for exact returns
    right = pytest.approx(right_of("03")["Sharpe Ratio"], rel=1e-7)
    assert variant["report"]["standard"]["sharpe"] == right


@pytest.mark.parametrize("candles", ["candles.csv", "candles-in-cents.csv"])
@pytest.mark.parametrize(
    ("indicator", "request_name"), [("fisher", "request.json"), ("adx", "request-adx.json")]
)
def test_04_equal_moves_are_equal(
    product: Product, indicator: str, request_name: str, candles: str
) -> None:
    metrics = metrics_of(product, request_of("04", request_name, candles))

    right = right_of("04")[indicator]
    assert {name: metrics[name] for name in right} == right


@pytest.mark.parametrize("n_points", [2, 3, 4, 10, 20])
def test_05_a_curve_shows_the_trough(product: Product, n_points: int) -> None:
    (right,) = right_of("05").values()
    (variant,) = answer_of(product, request_of("05"))["variants"]
    assert variant["report"]["metrics"]["Max. Drawdown [%]"] == right

    curve = curve_of(product, request_of("05"), n_points)

    assert len(curve) <= n_points
    assert max(point["drawdownPct"] for point in curve) == right


def curve_of(product: Product, request: Request, n_points: int) -> list[dict[str, Any]]:
    document = f"""mutation ($input: RunBacktestInput!) {{ runBacktest(input: $input) {{
      variants {{ report {{ equityCurve(maxPoints: {n_points}) {{ drawdownPct }} }} }} }} }}"""
    told = product.graphql.ask(document, {"input": to_graphql(request)}).json()
    (variant,) = told["data"]["runBacktest"]["variants"]
    return variant["report"]["equityCurve"]


def test_06_a_small_account_prints_its_money(product: Product) -> None:
    (variant,) = answer_of(product, request_of("06"))["variants"]

    rows = {row["metric"]: row["value"] for row in variant["report"]["rows"]}
    right = right_of("06")
    assert {name: rows[name] for name in right} == right


def test_08_a_close_above_its_high_is_refused(product: Product) -> None:
    case = case_of("08")

    refused = product.imported(case / "candles.csv", "AAA08")

    assert refused.exit_code == 1
    assert "nothing written; 1 refused" in refused.stdout
    assert "line 22: close must lie within low..high, was 250" in refused.stderr
    (told,) = product.refusal(request_of("08"))["details"]["errors"]
    assert told["code"] == "unknown_symbol"


def test_09_a_small_volume_counts_after_a_burst(product: Product) -> None:
    metrics = metrics_of(product, request_of("09"))

    right = right_of("09")
    assert {name: metrics[name] for name in right} == {k: about(v) for k, v in right.items()}


def test_14_a_single_value_is_a_list_of_one(product: Product) -> None:
    alone = (case_of("14") / "document.graphql").read_text("utf-8")
    alone = alone.replace("BTCUSDT", "AAA02").replace("2023-03-05", "2024-03-03")
    alone = alone.replace("2023-03-10", "2024-03-06")
    listed = alone
    for value in ('"close"', "5}"):
        in_list = f"[{value.rstrip('}')}]" + "}" * value.count("}")
        assert f"values: {value}" in listed
        listed = listed.replace(f"values: {value}", f"values: {in_list}")

    answers = [product.graphql.ask(document).json() for document in (alone, listed)]

    assert answers[0] == answers[1]
    (variant,) = answers[0]["data"]["runBacktest"]["variants"]
    assert variant["totalReturnPct"] != 0.0


def test_16_commands_and_a_server_use_one_store_at_once(product: Product) -> None:
    """Nothing has to be told any more; what still can be is told alike (tests/bff/test_cli.py)."""
    case_of("16")
    request = product.folder / "beside.json"
    request.write_text(json.dumps(request_of("02")), encoding="utf-8")

    with serving(product.folder / "data", ROEHUB_ENV="dev"):
        done = [
            subprocess.run(
                [sys.executable, "-m", "bff", *command],
                capture_output=True,
                text=True,
                check=False,
            )
            for command in (["run", str(request)], ["candles", "list"])
        ]

    assert [(command.returncode, command.stderr) for command in done] == [(0, ""), (0, "")]
    assert json.loads(done[0].stdout)["target_bars"] == 8_736
    assert "AAA02" in done[1].stdout


def test_18_the_number_that_ranks_is_in_the_answer(product: Product) -> None:
    case_of("18")
    request = request_of("06", ranking={"primary_metric": "profit_factor"})

    (variant,) = answer_of(product, request)["variants"]

    assert variant["ranking"] == {
        "primary": {"metric": "profit_factor", "value": None, "infinite": True},
        "secondary": None,
    }
    request = request_of("02", ranking={"primary_metric": "profit_factor"})
    (variant,) = answer_of(product, request)["variants"]
    trades = [trade["net_pnl_quote"] for trade in variant["report"]["trades"]]
    won, lost = sum(t for t in trades if t > 0), -sum(t for t in trades if t < 0)
    assert variant["ranking"]["primary"] == {
        "metric": "profit_factor",
        "value": about(won / lost),
        "infinite": False,
    }


def test_every_case_has_a_test_of_its_own() -> None:
    tests = {name[5:7] for name in globals() if re.match(r"test_\d\d_", name)}

    assert tests == {name[:2] for name in NAMES}
