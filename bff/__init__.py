"""The process and its two faces.

Reading order: `cli` and `commands` (how it is started), `settings`, `wiring` (what is built from
them), `app` (what is mounted), `edge` and `front_door` (what a request passes), `rest` and
`graphql` (the faces), `auth`, `errors`, `runs`.
"""
