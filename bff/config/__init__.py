"""Two YAML files and the environment as frozen settings.

Reading order: `settings`, `sections` (`backtest.yaml`), `default_axes` (`indicators.yaml`),
`variables`, `yaml_file`, `secret`.
See: docs/configuration.md
"""
