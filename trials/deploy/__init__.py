"""Plays docs/deploy.md from top to bottom on this machine: `python -m trials.deploy`.

Reading order: `record`, `programs`, `files`, `image`, `units`, `packages`, `stores`, `service`,
`proxies`, `load`, `watching`, `quotas`, `playing`, `__main__`.
"""
