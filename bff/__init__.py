"""The process and its two faces.

Reading order: `cli` and `commands` (how it is started), `config` (settings), `wiring` (what is
built from them), `app` (what is mounted), `http` (what a request passes), `rest` and `graphql` (the
faces), `admission` and `runner` (who may run, and where), `serving`, `telemetry`; `demo` shows it.
See: docs/security.md, docs/reliability.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.app import create_app
    from bff.wiring import Services, build
else:
    __getattr__ = lazy(
        __name__,
        {
            "app": ["create_app"],
            "wiring": ["Services", "build"],
        },
    )

__all__ = ["Services", "build", "create_app"]
