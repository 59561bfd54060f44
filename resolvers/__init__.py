"""One service that both faces call: request, use-case, response, hashes.

Reading order: `service`, `mapping`, `hashes`, `catalog`.
See: docs/graphql.md
"""
