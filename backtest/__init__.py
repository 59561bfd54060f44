"""What a backtest means, importable and testable without HTTP.

Reading order: `run` (the use-case), `types`, `axes`, `grid`, `timeline`, `indicators`, `signals`,
`engine`, `report`, `identity`. Nothing here knows a web framework; drivers live in `adapters`.
"""
