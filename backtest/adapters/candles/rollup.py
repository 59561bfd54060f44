"""The SQL from stored minutes to bars. One text for a server and for the embedded engine.

Three layers. `_CURRENT` picks one row per minute: the latest `ingested_at`, and among equals the
greatest bit pattern, so that neither the order of rows nor the number of parts matters.
`_BUCKETS` aggregates the minutes whose close is finite, and counts the others. The outermost layer
folds the bars into one row of arrays beside three counts, which prove an answer complete
(`complete_answer`). With them go the runs of minutes that counted, by their first and last one: a
history without a gap is a single run.

Sums of floating-point numbers depend on their order; they are therefore taken over an array that
is sorted by minute, and equal a plain loop over ascending minutes to the bit.
See: docs/stores.md
"""
# ruff: noqa: S608 - only constants of this file are interpolated, values are bound

from backtest.adapters.candles.schema import CANDLE_TABLE, LENGTH_COLUMN, LONGER_TABLE

_RANGE = """
    market_id = {market_id:UInt16}
    AND symbol = {symbol:String}
    AND ts_open >= fromUnixTimestamp64Milli({start_ms:Int64})
    AND ts_open < fromUnixTimestamp64Milli({stop_ms:Int64})
"""

_CURRENT = f"""
SELECT
    toUnixTimestamp64Milli(ts_open) AS ts,
    toUnixTimestamp64Milli(ingested_at) AS ingested,
    open, high, low, close, volume_base AS volume
FROM {CANDLE_TABLE}
WHERE {_RANGE}
ORDER BY
    ts_open,
    ingested_at DESC,
    reinterpretAsUInt64(close) DESC,
    reinterpretAsUInt64(open) DESC,
    reinterpretAsUInt64(high) DESC,
    reinterpretAsUInt64(low) DESC,
    reinterpretAsUInt64(volume_base) DESC
LIMIT 1 BY ts_open
"""

# Counted apart from what groups and sorts, so that either notices what the other has lost. Minutes
# are dense, so a bitmap of them costs nothing beside the roll-up; a hash set would double its time.
_N_STORED = f"""(
    SELECT groupBitmap(toUInt32(intDiv(toUnixTimestamp64Milli(ts_open), 60000)))
    FROM {CANDLE_TABLE} WHERE {_RANGE}
)"""
_N_USED = "groupBitmap(toUInt32(intDiv(ts, 60000)))"

ANY_SQL = f"SELECT 1 FROM {CANDLE_TABLE} WHERE {_RANGE} LIMIT 1"

_BUCKETS = f"""
SELECT
    ts - positiveModulo(ts, {{bucket_ms:Int64}}) AS bucket,
    argMinIf(open, ts, is_counted) AS bucket_open,
    maxIf(high, is_counted) AS bucket_high,
    minIf(low, is_counted) AS bucket_low,
    argMaxIf(close, ts, is_counted) AS bucket_close,
    arraySort(groupArrayIf((ts, volume), is_counted)) AS counted,
    arraySum(arrayMap(pair -> pair.2, counted)) AS bucket_volume,
    arrayMap(pair -> pair.1, counted) AS counted_minutes,
    {_N_USED} AS n_minutes,
    countIf(is_counted) > 0
        AND countIf(is_counted AND (isNaN(high) OR isNaN(low))) = 0
        AND isFinite(bucket_open)
        AND isFinite(bucket_high)
        AND isFinite(bucket_low)
        AND isFinite(bucket_volume) AS is_usable
FROM (SELECT *, isFinite(close) AS is_counted FROM ({_CURRENT}))
GROUP BY bucket
ORDER BY bucket
"""

# A run begins where the step from the minute before is not one minute (the first step of an array
# counts as 0), and ends where the step to the next is not.
ROLLUP_SQL = f"""
WITH
    arrayFlatten(groupArray(counted_minutes)) AS minutes,
    arrayDifference(minutes) AS steps,
    arrayResize(arrayPopFront(steps), length(steps)) AS next_steps,
    arrayFilter((ts, step) -> step != {{candle_ms:Int64}}, minutes, steps) AS run_first,
    arrayFilter((ts, step) -> step != {{candle_ms:Int64}}, minutes, next_steps) AS run_last
SELECT
    countIf(is_usable),
    sum(n_minutes),
    {_N_STORED},
    groupArrayIf(bucket, is_usable),
    groupArrayIf(bucket_open, is_usable),
    groupArrayIf(bucket_high, is_usable),
    groupArrayIf(bucket_low, is_usable),
    groupArrayIf(bucket_close, is_usable),
    groupArrayIf(bucket_volume, is_usable),
    length(run_first),
    run_first,
    run_last
FROM ({_BUCKETS})
"""

SPAN_SQL = f"""
SELECT
    toUInt64(count() > 0) AS n_found,
    toUInt64(0),
    toUInt64(0),
    arrayResize([toUnixTimestamp64Milli(min(ts_open))], n_found),
    arrayResize([toUnixTimestamp64Milli(max(ts_open))], n_found)
FROM {CANDLE_TABLE}
WHERE {_RANGE}
"""

LENGTHS_SQL = f"""
SELECT count(), toUInt64(0), toUInt64(0), groupArray({LENGTH_COLUMN})
FROM
(
    SELECT DISTINCT {LENGTH_COLUMN} FROM {LONGER_TABLE}
    WHERE market_id = {{market_id:UInt16}} AND symbol = {{symbol:String}}
    ORDER BY {LENGTH_COLUMN}
)
"""

STORED_SYMBOLS_SQL = f"""
SELECT count(), toUInt64(0), toUInt64(0), groupArray(market_id), groupArray(toString(symbol))
FROM (SELECT DISTINCT market_id, symbol FROM {CANDLE_TABLE} ORDER BY market_id, symbol)
"""

# Of all stored rows, replaced ones included: a merge that drops these changes it without need,
# which costs one roll-up and can never keep an old one alive.
FINGERPRINT_SQL = f"""
SELECT
    toUInt64(1),
    groupBitmap(toUInt32(intDiv(toUnixTimestamp64Milli(ts_open), 60000))),
    {_N_STORED},
    [toInt64(count())],
    [reinterpretAsInt64(sum(cityHash64(
        ts_open, ingested_at, open, high, low, close, volume_base
    )))]
FROM {CANDLE_TABLE}
WHERE {_RANGE}
"""

LATEST_SQL = f"""
SELECT
    count(),
    {_N_USED},
    {_N_STORED},
    groupArray(ts),
    groupArray(ingested),
    groupArray(open),
    groupArray(high),
    groupArray(low),
    groupArray(close),
    groupArray(volume)
FROM ({_CURRENT})
"""

INSTRUMENTS_SQL = f"""
SELECT
    market_id,
    symbol,
    min(toUnixTimestamp64Milli(ts_open)),
    max(toUnixTimestamp64Milli(ts_open)),
    groupBitmap(toUInt32(intDiv(toUnixTimestamp64Milli(ts_open), 60000))),
    count(),
    arraySort(groupUniqArray(source))
FROM {CANDLE_TABLE}
GROUP BY market_id, symbol
ORDER BY market_id, symbol
"""
