"""The exchanges' public archives of candles, fetched file by file.

Reading order: `layouts` (what lies where: one row for each archive), `cache` (a file on its way),
`fetch` (HTTP), `trades` (candles from an archive that has only trades), `download` (what is
missing, and into the store with it).
See: docs/downloads.md
"""
