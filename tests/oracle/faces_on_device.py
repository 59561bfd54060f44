"""Ask both faces of a service that scores on a CUDA device what one without a device answers.

The bytes of both are held against each other, with evidence and the ledger behind it, in each
sizing mode, over planes of stop-loss and take-profit.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from backtest.engine.find_device import accelerator_for
from backtest.engine.workers.accelerator import Accelerator
from backtest.jit import warm
from backtest.run import Backtester
from backtest.types import SizingMode
from tests.backtesters import POLICY, NoDefaults, NoStrategies, feed, no_spec
from tests.faces import GraphqlFace, RestFace, opened, to_graphql

N_MINUTES = 60_000
FIELDS = """
gridRequestHash engineParamsHash stageAVariants stageBVariants targetBars
variants {
  variantIndex variantKey totalReturnPct
  report { rows { metric value } equityCurve(maxPoints: 500) { equity } }
  payload { directionMode sizingMode risk { slEnabled slPct tpEnabled tpPct } }
}
evidence {
  realityCheck { againstCash { statistic pValue } againstHolding { statistic pValue } }
  deflatedSharpe { sharpe skewness kurtosis trialsDeviation }
}
"""
ASKED = f"mutation Run($input: RunBacktestInput!){{ runBacktest(input: $input) {{ {FIELDS} }} }}"
Answers = dict[tuple[str, str], bytes]


def main() -> int:
    warm()
    accelerator = accelerator_for("cuda")
    if accelerator.device() is None:
        print(accelerator.state)
        return 1
    expected, found = answers(Accelerator()), answers(accelerator)
    different = [asked for asked, theirs in expected.items() if found[asked] != theirs]
    n_bytes = sum(map(len, expected.values()))
    print(
        f"{len(expected)} answers, {n_bytes} bytes, {accelerator.state}: "
        f"{different or 'the same bytes'}"
    )
    return 1 if different else 0


def answers(accelerator: Accelerator) -> Answers:
    """What a service over this accelerator says, which is closed afterwards."""
    backtester = Backtester(
        candles=feed(N_MINUTES),
        strategies=NoStrategies(),
        defaults=NoDefaults(),
        read_spec=no_spec,
        policy=POLICY,
        accelerator=accelerator,
    )
    with closing(backtester), opened(backtester) as (rest, graphql):
        return {key: one for sizing in SizingMode for key, one in _ask(rest, graphql, sizing)}


def _ask(
    rest: RestFace, graphql: GraphqlFace, sizing: SizingMode
) -> Iterator[tuple[tuple[str, str], bytes]]:
    body = request(sizing)
    over_rest = rest.client.post(
        "/backtests", json=body | {"include": ["evidence"]}, headers=rest.headers
    )
    assert over_rest.status_code == 200, over_rest.text
    yield (sizing, "REST"), over_rest.content
    over_graphql = graphql.ask(ASKED, {"input": to_graphql(body)})
    assert "errors" not in over_graphql.json(), over_graphql.text
    yield (sizing, "GraphQL"), over_graphql.content


def request(sizing: SizingMode) -> dict[str, Any]:
    """Two averages and an RSI over a thousand bars."""
    return {
        "time_range": {"start": "1970-01-03T00:00:00Z", "end": "1970-02-10T00:00:00Z"},
        "top_k": 20,
        "preselect": 200,
        "template": {
            "instrument_id": {"market_id": 1, "symbol": "WALK"},
            "timeframe": "15m",
            "sizing_mode": sizing,
            "indicator_grids": [
                _grid("ma.ema", 5, 60, 1),
                _grid("ma.sma", 20, 120, 2),
                _grid("momentum.rsi", 10, 20, 5),
            ],
            "signal_grids": {
                "momentum.rsi": {
                    "long_threshold": {"mode": "explicit", "values": [50, 55]},
                    "short_threshold": {"mode": "explicit", "values": [45, 50]},
                }
            },
            "risk_grid": {
                "sl_enabled": True,
                "sl": {"mode": "range", "start": 1, "stop_incl": 8, "step": 1},
                "tp_enabled": True,
                "tp": {"mode": "range", "start": 1, "stop_incl": 8, "step": 1},
            },
        },
    }


def _grid(indicator_id: str, start: int, stop: int, step: int) -> dict[str, Any]:
    return {
        "indicator_id": indicator_id,
        "source": {"mode": "explicit", "values": ["close"]},
        "params": {"window": {"mode": "range", "start": start, "stop_incl": stop, "step": step}},
    }


if __name__ == "__main__":
    sys.exit(main())
