"""A request that was refused, whoever refused it.

See: docs/errors.md
"""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """What a service answers instead of a result; the same whether it is here or far away.

    Attributes:
        code: One of the codes of docs/errors.md, for example `validation_error`.
        message: A sentence.
        details: What belongs to the code; `details["errors"]` lists mistakes by path.

    See: docs/errors.md
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any]) -> None:
        self.code, self.message, self.details = code, message, details
        super().__init__(self._text())

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Refused":
        """From the body of an error answer, `{"error": {"code", "message", "details"}}`."""
        error: Mapping[str, Any] = body["error"]
        return cls(error["code"], error["message"], error.get("details") or {})

    @classmethod
    def of_graphql(cls, error: Mapping[str, Any]) -> "Refused":
        """From one of the `errors` of a GraphQL answer."""
        extensions: Mapping[str, Any] = error.get("extensions") or {}
        return cls(
            extensions.get("code", "graphql"), error["message"], extensions.get("details") or {}
        )

    def _text(self) -> str:
        mistakes = self.details.get("errors") or ()
        lines = (f"  {item['path']}: {item['message']}" for item in mistakes)
        return "\n".join([f"{self.code}: {self.message}", *lines])
