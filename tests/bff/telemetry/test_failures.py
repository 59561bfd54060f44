"""What the log says of a run that failed through no fault of the caller."""

import json
from typing import Any
from uuid import uuid4

import pytest

from backtest.adapters.candles.connection import ClickHousePool, ClickHouseServer
from backtest.adapters.strategies.reader import SqlStrategies
from backtest.errors import CandlesUnavailable, DeadlineExceeded, StrategiesUnavailable, Transient
from bff.http.errors import payload, to_roehub
from bff.telemetry.failures import log_failure
from bff.telemetry.logs import configure_logs
from tests.bff.doubles import GOOD, ToldService, client, services, token
from tests.faces import opened, to_graphql
from tests.fakes import FakeBacktester

PASSWORD = "hunter2-" + "secret"
RUN_MODE = "mutation($i: RunBacktestInput!) { runBacktest(input: $i) { mode } }"


def logged(failure: Transient, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    configure_logs("prod")
    log_failure(failure)
    (line,) = capsys.readouterr().err.splitlines()
    assert PASSWORD not in line
    assert "NoneType" not in line
    return json.loads(line)


def test_a_deadline_is_told_with_its_length(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged(DeadlineExceeded(2.5), capsys)

    assert (line["event"], line["reason"]) == ("run_failed", "DeadlineExceeded")
    assert line["deadline_seconds"] == 2.5
    assert line["error"].startswith("The run did not finish in time")
    assert "cause" not in line


def test_a_silent_postgres_is_told_in_the_drivers_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = SqlStrategies(f"postgresql://joe:{PASSWORD}@127.0.0.1:1/strategies")
    with pytest.raises(StrategiesUnavailable) as caught:
        store.find(uuid4())
    store.close()

    line = logged(caught.value, capsys)

    assert line["reason"] == "StrategiesUnavailable"
    assert "onnection refused" in line["cause"]
    assert "refused" not in json.dumps(payload(to_roehub(caught.value)))


def test_a_silent_candle_server_is_told_in_the_drivers_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = ClickHouseServer(
        host="127.0.0.1",
        port=1,
        user="joe",
        password=PASSWORD,
        database="default",
        secure=False,
        verify=True,
    )
    pool = ClickHousePool(server)
    with pytest.raises(CandlesUnavailable) as caught:
        pool.run(lambda client: client.command("SELECT 1"))
    pool.close()

    line = logged(caught.value, capsys)

    assert line["reason"] == "CandlesUnavailable"
    assert "onnection refused" in line["cause"]


@pytest.mark.parametrize(
    "text",
    [
        f"cannot open postgresql://joe:{PASSWORD}@db/strategies",
        f"cannot open postgresql://joe:{PASSWORD}@with@signs@db:5432/strategies?x=1",
        f"cannot open http://joe:{PASSWORD}/slash@db",
        f"bad dsn host=db password={PASSWORD} user=joe",
        f"bad dsn host=db password='{PASSWORD} with blanks' user=joe",
        f'{{"password": "{PASSWORD}"}}',
        f"https://db/?user=joe&password={PASSWORD}&x=1",
        f"token: {PASSWORD}",
    ],
)
def test_what_opens_a_store_stays_out_of_the_log(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = CandlesUnavailable()
    failure.__cause__ = ConnectionError(text)

    line = logged(failure, capsys)

    assert line["cause"].startswith("ConnectionError: ")
    assert "***" in line["cause"]


def test_a_note_stands_in_for_a_cause(capsys: pytest.CaptureFixture[str]) -> None:
    failure = StrategiesUnavailable()
    failure.add_note("STRATEGY_PG_DSN is not a Postgres connection string")

    line = logged(failure, capsys)

    assert line["cause"] == "STRATEGY_PG_DSN is not a Postgres connection string"


def test_both_faces_log_the_cause_and_tell_nothing_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = CandlesUnavailable()
    failure.__cause__ = ConnectionError("no route to host")

    built = services(ToldService(failure))
    with client(built) as rest:
        headers = {"Authorization": f"Bearer {token(built)}"}
        over_rest = rest.post("/backtests", json=GOOD, headers=headers)
    with opened(FakeBacktester(failure=failure)) as (_, graphql):
        over_graphql = graphql.ask(RUN_MODE, {"i": to_graphql(GOOD)})

    lines = [record for record in caplog.records if record.getMessage() == "run_failed"]
    causes = [record.__dict__["cause"] for record in lines]
    assert causes == ["ConnectionError: no route to host"] * 2
    assert "route" not in over_rest.text + over_graphql.text
