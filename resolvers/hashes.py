"""The hashes that name a stored strategy, a request and the settings of a run.

See: docs/identity.md
"""

from collections.abc import Mapping
from typing import Any

from backtest.identity import canonical_json, sha256_hex
from backtest.meaning import meaning_of_request, meaning_of_settings
from backtest.policy import RunSettings
from backtest.result import RunResult


def spec_hash(spec: Mapping[str, Any]) -> str:
    """SHA-256 of a stored strategy's payload, byte for byte as stored but for the order of keys.

    See: docs/identity.md
    """
    return sha256_hex(canonical_json(dict(spec)))


def grid_request_hash(result: RunResult) -> str:
    """SHA-256 of what an ad-hoc request means.

    Taken from the resolved run, not from the request's text: so it is the same for every spelling
    and either face, and different as soon as a default changes.

    See: docs/identity.md (backtest/meaning.py)
    """
    return sha256_hex(canonical_json(meaning_of_request(result.settings, result.grid)))


def engine_params_hash(settings: RunSettings) -> str:
    """SHA-256 of every effective setting that can change a number, wherever it came from.

    See: docs/identity.md (backtest/meaning.py)
    """
    return sha256_hex(canonical_json(meaning_of_settings(settings)))
