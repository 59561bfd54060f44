"""The catalog: one row per indicator. A new indicator is a row here and a function in its group.

See: docs/indicators.md
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from backtest.indicators import cross, ma, momentum, structure, trend, volatility, volume
from backtest.indicators.definition import (
    Indicator,
    NumberKind,
    Param,
    Rule,
    RuleFamily,
    SignalParam,
)
from backtest.types import FloatArray

ALL_SOURCES = ("close", "hl2", "hlc3", "ohlc4", "low", "high", "open")
MOST_SOURCES = ("close", "hlc3", "ohlc4", "low", "high", "open")


def bars(inert: str = "", /, **defaults: int) -> tuple[Param, ...]:
    """Whole numbers of bars (or of periods), 2 to 2000; the primary output reads all but `inert`."""
    return tuple(
        Param(
            name=name,
            kind="int",
            hard_min=2,
            hard_max=2000,
            step=1,
            default=default,
            affects_primary=name not in inert.split(),
        )
        for name, default in defaults.items()
    )


def fraction(name: str, low: float, high: float, step: float, default: float) -> Param:
    """A real number on its own lattice."""
    return Param(name=name, kind="float", hard_min=low, hard_max=high, step=step, default=default)


def _multiplier(*, affects_primary: bool) -> Param:
    """How many deviations or true ranges, 0.1 to 10."""
    return Param(
        name="mult",
        kind="float",
        hard_min=0.1,
        hard_max=10.0,
        step=0.01,
        default=2.0,
        affects_primary=affects_primary,
    )


def band(kind: NumberKind, low: float, high: float, step: float, long: float, short: float) -> Rule:
    """Two thresholds on one scale; `long <= short` means reversion, otherwise trend."""
    return Rule(
        family=RuleFamily.THRESHOLD_BAND,
        params=tuple(
            SignalParam(
                name=name, kind=kind, hard_min=low, hard_max=high, step=step, default=default
            )
            for name, default in (("long_threshold", long), ("short_threshold", short))
        ),
    )


def body(name: str, high: float) -> Rule:
    """The least body of a candle that counts."""
    least = SignalParam(
        name=name, kind="float", hard_min=0.0, hard_max=high, step=0.05, default=0.5
    )
    return Rule(family=RuleFamily.CANDLE_BODY, params=(least,))


def _periods(name: str) -> SignalParam:
    return SignalParam(
        name=name, kind="int", hard_min=-2000, hard_max=2000, step=1, default=-1, nonzero=True
    )


WINDOW = bars(window=20)
MULT = _multiplier(affects_primary=True)
INERT_MULT = _multiplier(affects_primary=False)
SOURCE_ABOVE = Rule(family=RuleFamily.COMPARE_PRICE, price="source")
CLOSE_ABOVE = Rule(family=RuleFamily.COMPARE_PRICE, price="close")
PRICE_BELOW = Rule(family=RuleFamily.COMPARE_PRICE, price="close", invert=True)
VOLUME_ABOVE = Rule(family=RuleFamily.COMPARE_VOLUME, price="volume")
SIGN = Rule(family=RuleFamily.SIGN)
DELTA = Rule(
    family=RuleFamily.DELTA_SIGN,
    params=(_periods("long_delta_periods"), _periods("short_delta_periods")),
)
SUM_DELTA = replace(DELTA, on_sum=True)
CENTERED = Rule(
    family=RuleFamily.THRESHOLD_CENTERED,
    params=(
        SignalParam(
            name="abs_threshold", kind="float", hard_min=0.0, hard_max=1.0, step=0.01, default=0.05
        ),
    ),
)
PIVOTS = Rule(family=RuleFamily.PIVOT_EVENTS, reads=("structure.pivot_low", "structure.pivot_high"))


def row(
    compute: Callable[..., FloatArray],
    title: str,
    rule: Rule | None,
    params: tuple[Param, ...] = (),
    *,
    formula: str,
    inputs: str = "source",
    outputs: str = "",
    primary: str = "",
    axes: str = "",
    inner: str = "",
    constraints: tuple[tuple[str, str], ...] = (),
    rising: tuple[str, str] | None = None,
    is_newer: bool = False,
    warmup: str = "0",
) -> Indicator:
    """A row of the table; names that come in a list are written with spaces between them.

    What is usual is left out: the output is named like the function, the first one is the primary
    one, and the axes stand in the order of their names.
    """
    group = compute.__module__.rpartition(".")[2]
    names = (outputs or compute.__name__).split()
    sources = (ALL_SOURCES if group == "ma" else MOST_SOURCES) if "source" in inputs else ()
    sorted_axes = sorted([param.name for param in params] + ["source"] * bool(sources))
    return Indicator(
        id=f"{group}.{compute.__name__}",
        title=title,
        inputs=tuple(inputs.split()),
        outputs=tuple(names),
        primary=primary or names[0],
        params=params,
        axes=tuple(axes.split() or sorted_axes),
        compute=compute,
        rule=rule,
        sources=sources,
        inner=tuple(inner.split()),
        constraints=constraints,
        rising=rising,
        is_newer=is_newer,
        warmup_bars=warmup,
        formula=formula,
    )


def average(
    compute: Callable[..., FloatArray], title: str, formula: str, *, warmup: str = "0"
) -> Indicator:
    """A moving average of a chosen source."""
    return row(
        compute, title, SOURCE_ABOVE, WINDOW, outputs="value", warmup=warmup, formula=formula
    )


def crossing(
    compute: Callable[..., FloatArray], title: str, formula: str, *, warmup: str = "0"
) -> Indicator:
    """A cross of two averages of one kind: long while the fast one is above the slow one."""
    return row(
        compute,
        title,
        SIGN,
        bars(fast_window=20, slow_window=50),
        outputs="difference",
        inner="source",
        rising=("fast_window", "slow_window"),
        is_newer=True,
        warmup=warmup,
        formula=formula,
    )


# A row is a few lines, like a row of a table; the formatter would give each word a line of its own.
# fmt: off
_ROWS = (
    # Moving averages
    average(ma.dema, "Double Exponential Moving Average", "e1=EMA(x); e2=EMA(e1); 2*e1-e2"),
    average(ma.ema, "Exponential Moving Average",
        "y[0]=x[0]; y[t]=a*x[t]+(1-a)*y[t-1]; a=2/(window+1)"),
    average(ma.hma, "Hull Moving Average",
        "WMA(2*WMA(x, max(1, window//2)) - WMA(x, window), max(1, isqrt(window)))",
        warmup="window + isqrt(window) - 2"),
    average(ma.lwma, "Linear Weighted Moving Average", "identical to ma.wma", warmup="window - 1"),
    average(ma.rma, "RMA (SMMA)", "y[0]=x[0]; y[t]=a*x[t]+(1-a)*y[t-1]; a=1/window"),
    average(ma.sma, "Simple Moving Average", "mean of the last window source values",
        warmup="window - 1"),
    average(ma.tema, "Triple Exponential Moving Average",
        "e1=EMA(x); e2=EMA(e1); e3=EMA(e2); 3*e1-3*e2+e3"),
    row(ma.vwma, "Volume Weighted Moving Average", CLOSE_ABOVE, WINDOW,
        inputs="close volume", outputs="value", warmup="window - 1",
        formula="sum(close*volume, window) / sum(volume, window)"),
    average(ma.wma, "Weighted Moving Average",
        "sum(i*x[t-window+i], i=1..window) / (window*(window+1)/2)", warmup="window - 1"),
    average(ma.zlema, "Zero-Lag Exponential Moving Average",
        "lag=(window-1)//2; z[t]=2*x[t]-x[t-lag]; EMA(z, window) seeded at index lag",
        warmup="(window - 1) // 2"),
    # Crosses of two averages
    crossing(cross.ema, "Exponential Moving Average Cross",
        "EMA(x, fast_window) - EMA(x, slow_window)"),
    crossing(cross.rma, "RMA (SMMA) Cross", "RMA(x, fast_window) - RMA(x, slow_window)"),
    crossing(cross.sma, "Simple Moving Average Cross",
        "SMA(x, fast_window) - SMA(x, slow_window)", warmup="slow_window - 1"),
    # Volatility
    row(volatility.atr, "Average True Range", DELTA, WINDOW,
        inputs="high low close",
        formula="RMA(TR, window)"),
    row(volatility.bbands, "Bollinger Bands", SOURCE_ABOVE, (*WINDOW, INERT_MULT),
        outputs="basis upper lower", warmup="window - 1",
        formula="basis = SMA(source, window)"),
    row(volatility.bbands_bandwidth, "Bollinger Bandwidth", DELTA, (*WINDOW, MULT),
        outputs="bandwidth", inner="source window", warmup="window - 1",
        formula="(upper-lower)/basis = 2*mult*std/basis, a fraction (not percent)"),
    row(volatility.bbands_percent_b, "Bollinger Percent B",
        band("float", -5.0, 5.0, 0.01, 0.0, 1.0), (*WINDOW, MULT),
        outputs="percent_b", inner="source window", warmup="window - 1",
        formula="(source-lower)/(upper-lower)"),
    row(volatility.hv, "Historical Volatility (Log Returns)", DELTA,
        bars(window=20, annualization=365),
        inner="source window", warmup="window",
        formula="std(ln(x[t]/x[t-1]), window, ddof 0)*sqrt(annualization)*100"),
    row(volatility.stddev, "Rolling Standard Deviation", DELTA, WINDOW,
        warmup="window - 1",
        formula="population standard deviation (ddof 0) of the last window source values"),
    row(volatility.tr, "True Range", DELTA,
        inputs="high low close",
        formula="max(h-l, |h-close[t-1]|, |l-close[t-1]|); TR[0]=h-l"),
    row(volatility.variance, "Rolling Variance", DELTA, WINDOW,
        warmup="window - 1",
        formula="population variance (ddof 0) of the last window source values"),
    # Momentum
    row(momentum.cci, "Commodity Channel Index", band("int", -1000, 1000, 1, -100, 100),
        bars(window=14),
        inputs="high low close", warmup="window - 1",
        formula="(tp-mean(tp))/(0.015*mean|tp[i]-mean(tp)|), both means over the current window, tp=(h+l+c)/3"),
    row(momentum.fisher, "Fisher Transform", SIGN, bars(window=14),
        inputs="high low", outputs="fisher trigger", warmup="window - 1",
        formula="atanh(clip(2*((high+low)/2-LL)/(HH-LL)-1, -0.999, 0.999)), HH/LL over window"),
    row(momentum.macd, "MACD", SIGN,
        bars("signal_window", fast_window=12, slow_window=26, signal_window=9),
        outputs="macd signal hist", inner="source",
        formula="EMA(x, fast_window) - EMA(x, slow_window)"),
    row(momentum.ppo, "Percentage Price Oscillator", SIGN,
        bars("signal_window", fast_window=12, slow_window=26, signal_window=9),
        outputs="ppo signal hist", inner="source",
        formula="100*(EMA fast - EMA slow)/EMA slow"),
    row(momentum.roc, "Rate of Change", SIGN, bars(window=14),
        warmup="window",
        formula="100*(x[t]/x[t-window]-1)"),
    row(momentum.rsi, "Relative Strength Index", band("int", 0, 100, 1, 30, 70), bars(window=14),
        warmup="1",
        formula="100-100/(1+RMA(gain)/RMA(loss)), seeded with the first change"),
    row(momentum.stoch, "Stochastic Oscillator", band("int", 0, 100, 1, 20, 80),
        bars("d_window", d_window=3, k_window=14, smoothing=3),
        inputs="high low close", outputs="k d", inner="k_window",
        warmup="k_window + smoothing - 2",
        formula="SMA(100*(close-LL)/(HH-LL), smoothing), HH/LL over k_window"),
    row(momentum.stoch_rsi, "Stochastic RSI", band("int", 0, 100, 1, 20, 80),
        bars("d_window", d_window=3, k_window=14, rsi_window=14, smoothing=3),
        outputs="k d", inner="source rsi_window k_window", warmup="k_window + smoothing - 1",
        formula="SMA(100*(RSI-min RSI)/(max RSI-min RSI), smoothing), extrema over k_window"),
    row(momentum.trix, "TRIX", SIGN, bars("signal_window", signal_window=9, window=15),
        outputs="trix signal hist", warmup="1",
        formula="e=EMA(EMA(EMA(x))); 100*(e[t]/e[t-1]-1)"),
    row(momentum.williams_r, "Williams %R", band("int", -100, 0, 1, -80, -20), bars(window=14),
        inputs="high low close", warmup="window - 1",
        formula="-100*(HH-close)/(HH-LL)"),
    # Trend
    row(trend.adx, "Average Directional Index", DELTA, bars(window=20, smoothing=14),
        inputs="high low close", outputs="plus_di minus_di adx", primary="adx",
        axes="window smoothing", inner="window", warmup="1",
        formula="Wilder ADX: DM and TR smoothed by RMA(window), DX = 100*|+DI - -DI|/(+DI + -DI), RMA(DX, smoothing)"),
    row(trend.aroon, "Aroon", band("int", -100, 100, 1, 50, -50), WINDOW,
        inputs="high low", outputs="aroon_up aroon_down aroon_osc", primary="aroon_osc",
        warmup="window - 1",
        formula="100*(bars_since_lowest_low - bars_since_highest_high)/window over the last window bars, most recent extreme on ties"),
    row(trend.chandelier_exit, "Chandelier Exit", CLOSE_ABOVE, (*WINDOW, MULT),
        inputs="high low close", outputs="chandelier_long chandelier_short", axes="window mult",
        inner="window", warmup="window - 1",
        formula="highest high(window) - mult*ATR(window)"),
    row(trend.donchian, "Donchian Channel", CLOSE_ABOVE, WINDOW,
        inputs="high low", outputs="donchian_upper donchian_lower donchian_mid",
        primary="donchian_mid", warmup="window - 1",
        formula="(highest high(window) + lowest low(window))/2"),
    row(trend.ichimoku, "Ichimoku Cloud", CLOSE_ABOVE,
        bars("span_b_window", conversion_window=9, base_window=26, span_b_window=52, displacement=26),
        inputs="high low close", outputs="conversion base span_a span_b", primary="span_a",
        axes="conversion_window base_window span_b_window displacement",
        inner="conversion_window base_window",
        warmup="max(conversion_window, base_window) - 1 + displacement",
        formula="raw[t]=(mid(conversion_window)[t]+mid(base_window)[t])/2, mid(n)=(highest high(n)+lowest low(n))/2; span_a[t]=raw[t-displacement]"),
    row(trend.keltner, "Keltner Channel", CLOSE_ABOVE, (*WINDOW, INERT_MULT),
        inputs="high low close", outputs="middle upper lower", axes="window mult",
        formula="EMA((high+low+close)/3, window)"),
    row(trend.linreg_slope, "Linear Regression Slope", SIGN, WINDOW,
        outputs="slope", warmup="window - 1",
        formula="least-squares slope of the last window source values against 0..window-1 (price per bar)"),
    row(trend.psar, "Parabolic SAR", CLOSE_ABOVE,
        (fraction("accel_start", 0.001, 1.0, 0.001, 0.02),
         fraction("accel_step", 0.001, 1.0, 0.001, 0.02),
         fraction("accel_max", 0.01, 5.0, 0.01, 0.2)),
        inputs="high low", outputs="psar psar_dir", constraints=(("accel_start", "accel_max"),),
        formula="parabolic SAR state machine, starts long at low[0], clamped to the one previous bar, strict crossing flips"),
    row(trend.supertrend, "SuperTrend", CLOSE_ABOVE, (*WINDOW, MULT),
        inputs="high low close", outputs="supertrend supertrend_dir", axes="window mult",
        inner="window",
        formula="final bands of (high+low)/2 +- mult*ATR(window) with carry rule; value is the active band"),
    row(trend.vortex, "Vortex Indicator", CENTERED, WINDOW,
        inputs="high low close", outputs="vi_plus vi_minus", warmup="window",
        formula="sum(|high[t]-low[t-1]|, window) / sum(TR, window)"),
    # Volume
    row(volume.ad_line, "Accumulation/Distribution Line", SUM_DELTA,
        inputs="high low close volume",
        formula="running sum of ((c-l)-(h-c))/(h-l)*v, 0 on a bar with h == l (D2)"),
    row(volume.cmf, "Chaikin Money Flow", band("float", -1.0, 1.0, 0.01, 0.05, -0.05), WINDOW,
        inputs="high low close volume", warmup="window - 1",
        formula="sum(flow, window)/sum(volume, window), flow as in ad_line"),
    row(volume.mfi, "Money Flow Index", band("int", 0, 100, 1, 20, 80), WINDOW,
        inputs="high low close volume", warmup="window",
        formula="100-100/(1+sum(up flow)/sum(down flow)); NaN without any flow, 100 if only the down flow is zero (D3)"),
    row(volume.obv, "On-Balance Volume", SUM_DELTA,
        inputs="close volume", warmup="1",
        formula="running sum of sign(close change)*volume, starting at index 1"),
    row(volume.volume_sma, "Volume Moving Average", VOLUME_ABOVE, WINDOW,
        inputs="volume", warmup="window - 1",
        formula="mean of the last window volumes"),
    row(volume.vwap, "Rolling VWAP", CLOSE_ABOVE, WINDOW,
        inputs="high low close volume", warmup="window - 1",
        formula="sum(tp*volume, window)/sum(volume, window), tp=(h+l+c)/3"),
    row(volume.vwap_deviation, "Rolling VWAP Deviation Bands", PRICE_BELOW, (MULT, *WINDOW),
        inputs="high low close volume", outputs="vwap vwap_upper vwap_lower vwap_stdev",
        primary="vwap_upper", inner="window", warmup="2 * (window - 1)",
        formula="vwap + mult*std(tp-vwap, window, ddof 0)"),
    # Structure
    row(structure.candle_stats, "Candle Body and Wicks", body("min_body_pct", 1.0),
        inputs="open high low close",
        outputs="body range upper_wick lower_wick body_pct upper_wick_pct lower_wick_pct",
        primary="body_pct",
        formula="|close-open|/(high-low)"),
    row(structure.candle_stats_atr_norm, "ATR-Normalized Candle Stats",
        body("min_body_atr", 100.0), bars(atr_window=14),
        inputs="open high low close", outputs="body_atr range_atr upper_wick_atr lower_wick_atr",
        formula="|close-open|/ATR(atr_window)"),
    row(structure.distance_to_ma_norm, "Distance to EMA in ATR Units",
        band("float", -100.0, 100.0, 0.1, -2.0, 2.0), WINDOW,
        inputs="source high low close", inner="window",
        formula="(x-EMA(x, window))/ATR(window)"),
    row(structure.percent_rank, "Rolling Percentile Rank", band("int", 0, 100, 1, 10, 90), WINDOW,
        warmup="window - 1",
        formula="100*count(x[i] <= x[t], i in the last window bars incl. t)/window"),
    row(structure.pivot_high, "Pivot High", None, bars(left=5, right=5),
        inputs="high low", warmup="left + right",
        formula="same as structure.pivots"),
    row(structure.pivot_low, "Pivot Low", None, bars(left=5, right=5),
        inputs="high low", warmup="left + right",
        formula="low[t-right] if it is strictly below every other low in [t-right-left, t], else NaN"),
    row(structure.pivots, "Pivot High/Low", PIVOTS, bars(left=5, right=5),
        inputs="high low", outputs="pivot_high pivot_low", warmup="left + right",
        formula="high[t-right] if it is strictly above every other high in [t-right-left, t], else NaN"),
    row(structure.zscore, "Rolling Z-Score", band("float", -50.0, 50.0, 0.1, -2.0, 2.0), WINDOW,
        warmup="window - 1",
        formula="(x-SMA(x, window))/std(x, window, ddof 0)"),
)
# fmt: on


INDICATORS: Mapping[str, Indicator] = MappingProxyType({entry.id: entry for entry in _ROWS})


def public_indicators() -> tuple[Indicator, ...]:
    """The rows that a request can name, by id."""
    return tuple(INDICATORS[key] for key in sorted(INDICATORS) if not INDICATORS[key].is_internal)
