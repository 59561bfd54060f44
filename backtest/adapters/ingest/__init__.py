"""How candles come in: published files, and a generator of synthetic ones.

Reading order: `importer`, then what it asks: `containers` and `text` (what lies in a file),
`tables` and `json_rows` (its columns in chunks), `formats` and `columns` (which column is what),
`rows` (candles and their faults), `found`, `lengths` and `verdict` (the whole file), `spool`,
`repeats`. `generate` apart.
See: docs/candle-files.md, docs/stores.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.adapters.ingest.generate import generate
    from backtest.adapters.ingest.importer import check_file, write_file
else:
    __getattr__ = lazy(
        __name__,
        {
            "generate": ["generate"],
            "importer": ["check_file", "write_file"],
        },
    )

__all__ = ["check_file", "generate", "write_file"]
