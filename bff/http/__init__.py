"""What every HTTP request passes, whichever face it is for.

Reading order, from the socket inwards: `timeouts`, `request_log`, `body`, `strict_json`, `auth`,
`errors`.
See: docs/security.md
"""
