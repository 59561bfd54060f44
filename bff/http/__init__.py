"""What every HTTP request passes, whichever face it is for.

Reading order, from the socket inwards: `timeouts`, `paths`, `request_log`, `body`, `strict_json`,
`auth`, `origins`, `errors`.
See: docs/security.md
"""
