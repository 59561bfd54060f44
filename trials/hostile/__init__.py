"""The service as hostile clients and a careless machine meet it, one trial per way to harm it.

Reading order: `service` (what is attacked), `wire` (how), `verdict`; then the attacks: `heads`,
`crowds`, `upgrades`, `readers`; then what a careless machine does: `machine`, `folders`,
`profiles`, `starts`.
See: docs/reliability.md
"""
