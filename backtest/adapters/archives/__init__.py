"""The exchanges' public archives of candles, fetched file by file.

Reading order: `layouts` (what lies where: one row for each archive), `cache` (a file on its way),
`fetch` (HTTP), `trades` (candles from an archive that has only trades), `download` (what is
missing, and into the store with it); `exchange` for what no archive has.
See: docs/downloads.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.adapters.archives.download import Wanted, archives_of
else:
    __getattr__ = lazy(__name__, {"download": ["Wanted", "archives_of"]})

__all__ = ["Wanted", "archives_of"]
