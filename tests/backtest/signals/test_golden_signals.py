from typing import Any

import numpy as np
import pytest

from backtest.indicators.catalog import INDICATORS
from backtest.indicators.series import Series
from tests.backtest.signals.reading import signals_of
from tests.oracle.agreement import golden_entries, golden_series, golden_vectors

ENTRIES = [entry for entry in golden_entries() if "signal" in entry]
SERIES: Series = golden_series()
SLICES = [(0, 1_500), (63, 1_499), (200, 265)]


def test_every_indicator_with_a_rule_has_golden_signals() -> None:
    with_rule = {row.id for row in INDICATORS.values() if row.rule is not None}
    # Crosses are not in the reference; tests/oracle/cross.py is their slow twin.
    crosses = {name for name in with_rule if name.startswith("cross.")}

    assert {entry["id"] for entry in ENTRIES} == with_rule - crosses
    assert len(crosses) == 3


@pytest.mark.parametrize(("start", "stop"), SLICES)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["signal"]["key"])
def test_meets_the_golden_signal(entry: dict[str, Any], start: int, stop: int) -> None:
    row = INDICATORS[entry["id"]]
    known = {**entry["params"], "source": entry["source"]}
    setting = {axis: known[axis] for axis in row.primary_axes}
    assert row.rule is not None
    read = [INDICATORS[name] for name in row.rule.reads] or [row]
    outputs = tuple(reader.compute(SERIES, **setting) for reader in read)

    axes = {name: (value,) for name, value in entry["signal"]["params"].items()}

    ((_, ours),) = signals_of(row.rule, SERIES, outputs, (start, stop), axes, entry["source"])

    np.testing.assert_array_equal(ours, golden_vectors()[entry["signal"]["key"]][start:stop])
