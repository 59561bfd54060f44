"""The GraphQL face of the contract, made from the models that REST reads.

Reading order: `inputs` (types of the arguments), `body` (an input as the client wrote it), `run`
(through the one door of both faces), `schema` (queries and the mutation).
See: docs/graphql.md
"""
