import dataclasses
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

import roehub
from tests.roehub.conftest import GRID, Places


def test_variants_are_a_frame_with_names_that_can_be_typed(result: roehub.Result) -> None:
    frame = result.variants

    assert len(frame) == 6
    assert set(frame.ema_window) <= set(range(5, 40, 5))
    assert set(frame.sl_pct) <= {1.0, 3.0}
    assert frame.total_return_pct.is_monotonic_decreasing
    assert frame.max_drawdown_pct.dtype == "float64"
    assert frame.start.iloc[0] == pd.Timestamp("2024-01-04", tz="UTC")
    assert frame.duration.iloc[0] == pd.Timedelta(days=16)
    assert all(name.isidentifier() for name in frame.columns)


def test_numbers_are_those_of_the_answer(result: roehub.Result) -> None:
    first = result.answer["variants"][0]

    assert (
        result.variants.max_drawdown_pct.iloc[0] == first["report"]["metrics"]["Max. Drawdown [%]"]
    )
    assert result.variants.num_trades.iloc[0] == first["report"]["metrics"]["Num. Trades"]


def test_trades_are_listed_also_where_the_answer_has_none(result: roehub.Result) -> None:
    assert result.answer["variants"][4]["report"]["trades"] is None

    trades = result.trades(4)

    assert len(trades) == result.variants.num_trades.iloc[4]
    assert str(trades.entry_ts.dtype).startswith("datetime64")
    assert (trades.exit_ts > trades.entry_ts).all()


def test_a_curve_ends_with_the_total_return(result: roehub.Result) -> None:
    curve = result.equity(2, 100)

    gained = (curve.equity.iloc[-1] / 10_000 - 1) * 100
    assert len(curve) <= 100
    assert gained == pytest.approx(result.variants.total_return_pct.iloc[2])


def test_pictures_are_drawn(result: roehub.Result) -> None:
    mpl.use("Agg")

    assert len(result.plot().axes) == 3
    assert len(result.plot_equity(1).axes) == 2


def test_a_notebook_shows_what_was_tried(result: roehub.Result) -> None:
    shown = result._repr_html_()

    assert "BTCUSDT 15m: the best 6 of 28 variants" in shown
    assert "ema_window" in shown


def test_a_map_is_drawn(result: roehub.Result) -> None:
    mpl.use("Agg")

    assert len(result.plot_surface("ma.ema.window", "momentum.rsi.window", "median").axes) == 2


def test_a_statistic_that_does_not_exist_is_told_before_anything_runs(
    result: roehub.Result,
) -> None:
    with pytest.raises(ValueError, match="one of best, median, mean, slice, was 'worst'"):
        dataclasses.replace(result, place=None).surface("ma.ema.window", "sl_pct", "worst")  # pyright: ignore[reportArgumentType]


def test_a_notebook_shows_the_conclusion_where_it_was_asked_for(
    places: Places, result: roehub.Result
) -> None:
    asked = roehub.run(result.request, store=places.store, include=["evidence"])

    assert asked.evidence is not None
    verdict = asked.evidence["conclusion"]["verdict"].replace("_", " ").lower()
    assert f"Luck or skill: <b>{verdict}</b>" in asked._repr_html_()
    assert "Luck or skill" not in result._repr_html_()


def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no store in .*misspelt"):
        roehub.run(store=tmp_path / "misspelt", **GRID)

    assert not list(tmp_path.iterdir())


def test_another_folder_of_the_environment_is_another_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: Places
) -> None:
    monkeypatch.setenv("ROEHUB_DATA_DIR", str(places.store))
    first = roehub.run(**GRID)
    monkeypatch.setenv("ROEHUB_DATA_DIR", str(tmp_path))

    with pytest.raises(roehub.Refused, match="the candle store is empty"):
        roehub.run(**GRID)
    assert len(first) == 6


def test_polars_takes_the_frame_through_the_interchange(result: roehub.Result) -> None:
    polars = pytest.importorskip("polars")

    frame = polars.from_dataframe(result.variants)

    assert frame["ema_window"].to_list() == result.variants.ema_window.tolist()
    assert frame["total_return_pct"].to_list() == result.variants.total_return_pct.tolist()
    assert frame["start"].to_list()[0].isoformat() == "2024-01-04T00:00:00+00:00"
