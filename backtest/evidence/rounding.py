"""How the evidence rounds what it tells.

See: docs/evidence.md#exactness
"""

DECIMALS = 6


def rounded(value: float) -> float:
    """`value` to six decimals, without a negative zero.

    See: docs/evidence.md#exactness
    """
    return round(float(value), DECIMALS) + 0.0
