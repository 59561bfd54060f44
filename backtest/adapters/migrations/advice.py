"""What an operator does about a store that refuses.

See: docs/stores.md#rights
"""
# pyright: reportMissingTypeStubs=false

from clickhouse_connect.driver.exceptions import Error
from sqlalchemy.exc import DBAPIError

from backtest.errors import BacktestError

MAKE_TABLES = "Run `roehub-backtest stores init` as a user who may create tables."
GRANT = "A right is missing: docs/stores.md, under Rights, has the grants of each user."
SIGN_IN = "The store does not know this user or password: correct {variables}."
LOOK = "Nothing usable answers there: start the store, or correct {variables}."

_CLICKHOUSE = {
    60: MAKE_TABLES,
    81: MAKE_TABLES,
    497: GRANT,
    192: SIGN_IN,
    193: SIGN_IN,
    516: SIGN_IN,
}
_POSTGRES = {
    "42P01": MAKE_TABLES,
    "3F000": MAKE_TABLES,
    "42501": GRANT,
    "28P01": SIGN_IN,
    "28000": SIGN_IN,
}


def advice(exc: BacktestError, variables: str) -> str:
    """One sentence.

    Args:
        exc: What the store's port has raised.
        variables: Names of the settings that say where the store is.
    """
    link: BaseException | None = exc
    while link is not None:
        found = _known(link)
        if found is not None:
            return found.format(variables=variables)
        link = link.__cause__
    return LOOK.format(variables=variables)


def _known(error: BaseException) -> str | None:
    if isinstance(error, Error):
        return None if error.code is None else _CLICKHOUSE.get(error.code)
    if not isinstance(error, DBAPIError):
        return None
    if "no such table" in str(error.orig):
        return MAKE_TABLES
    return _POSTGRES.get(str(getattr(error.orig, "sqlstate", None)))
