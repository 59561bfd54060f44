"""The GraphQL face over HTTP.

Reading order: `router`, `limits` (what a document may cost), `inputs`, `execution`, `context` (who
answers the fields), `errors`; `page.html` is for people.
See: docs/graphql.md
"""
