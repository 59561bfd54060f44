"""Identity: canonical JSON, hashes, and the two variant keys.

The bytes of the keys are a promise: they must never change (docs/identity.md).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from backtest.axes import Scalar
from backtest.result import Risk, Selection
from backtest.types import DirectionMode, Instrument, SizingMode, Timeframe

# Part of engine_params_hash: raise it with every change that can move a number in a result.
ENGINE_SEMANTICS = 2

SCHEMA_VERSION = 1


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys, everything outside printable ASCII escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_hex(text: str) -> str:
    """SHA-256 of the UTF-8 bytes, lowercase hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _raw_json(value: Any) -> str:
    """Compact JSON in the given order, text outside ASCII as it is."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def indicator_json(
    indicator_id: str, inputs: Mapping[str, str], params: Mapping[str, Scalar]
) -> str:
    """One indicator inside an indicator variant key: pairs sorted by name."""
    entry = {
        "id": indicator_id.strip().lower(),
        "inputs": sorted([name.strip(), value] for name, value in inputs.items()),
        "params": sorted([name.strip(), value] for name, value in params.items()),
    }
    return _raw_json(entry)


def selection_json(selection: Selection) -> str:
    """`indicator_json` of the chosen values of one indicator."""
    inputs = {} if selection.source is None else {"source": selection.source}
    return indicator_json(selection.indicator_id, inputs, selection.params)


def indicator_variant_json(
    instrument: Instrument, timeframe: Timeframe | str, indicators: Sequence[str]
) -> str:
    """What an indicator variant key hashes; `indicators` are `indicator_json`, sorted by id."""
    market = _raw_json(f"{instrument.market_id}:{instrument.symbol.strip().upper()}")
    return (
        f'{{"indicators":[{",".join(indicators)}],"instrument_id":{market},'
        f'"schema_version":{SCHEMA_VERSION},"timeframe":{_raw_json(timeframe.strip().lower())}}}'
    )


def execution_json(execution: Mapping[str, float]) -> str:
    """The execution block of a variant key: as requested, keys sorted."""
    return canonical_json({name.strip(): value for name, value in execution.items()})


def risk_json(risk: Risk) -> str:
    """The risk block of a variant key: always its four members."""
    return canonical_json(
        {
            "sl_enabled": risk.sl_enabled,
            "sl_pct": risk.sl_pct,
            "tp_enabled": risk.tp_enabled,
            "tp_pct": risk.tp_pct,
        }
    )


def signals_json(signals: Mapping[str, Mapping[str, Scalar]]) -> str:
    """The signals block of a variant key: ids and parameters sorted."""
    return canonical_json(
        {
            indicator_id.strip().lower(): {
                name.strip().lower(): value for name, value in params.items()
            }
            for indicator_id, params in signals.items()
        }
    )


class VariantKeys:
    """Makes the keys of one run's variants out of parts that variants share.

    Args:
        instrument: The run's instrument.
        timeframe: The run's timeframe.
        direction_mode: The run's direction mode.
        sizing_mode: The run's sizing mode.
        execution: The execution block as requested, values as floats.
    """

    def __init__(
        self,
        *,
        instrument: Instrument,
        timeframe: Timeframe,
        direction_mode: DirectionMode,
        sizing_mode: SizingMode,
        execution: Mapping[str, float],
    ) -> None:
        self._instrument = instrument
        self._timeframe = timeframe
        self._head = (
            f'{{"direction_mode":{canonical_json(direction_mode.value)},'
            f'"execution":{execution_json(execution)},"indicator_variant_key":"'
        )
        self._tail = f',"sizing_mode":{canonical_json(sizing_mode.value)}}}'

    def indicator_variant_key(self, indicators: Sequence[str]) -> str:
        """Key of the chosen indicators; `indicators` are `selection_json`, sorted by id."""
        return sha256_hex(indicator_variant_json(self._instrument, self._timeframe, indicators))

    def variant_key(self, indicator_variant_key: str, risk: str, signals: str) -> str:
        """Key of a variant from its indicator key and the JSON of its risk and signals."""
        return sha256_hex(
            f'{self._head}{indicator_variant_key}","risk":{risk},'
            f'"schema_version":{SCHEMA_VERSION},"signals":{signals}{self._tail}'
        )
