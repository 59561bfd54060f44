"""The contract as types: requests and answers once, for both faces.

Reading order: `scalars`, `axis`, `request`, `parse` (a JSON value becomes a run request or every
problem it has), `translate`, `report`, `response`, `graphql` (the same types for GraphQL).
The published `schema.graphql` and `openapi.json` lie beside.
See: docs/graphql.md
"""
