"""Events of a subscription.

See: docs/graphql.md#progress
"""

# Types of the library's executor are open.
# pyright: reportUnknownVariableType=false

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, ExecutionResult, execute

from schema.graphql.schema import RunEvent, RunProgress, graphql_schema


def progress_event(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], progress: RunProgress
) -> Any:
    """The data of an event, by a document that was found good by whoever runs it.

    See: docs/graphql.md#progress
    """
    result = execute(
        graphql_schema()._schema,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        document,
        root_value=RunEvent(progress=progress),
        variable_values=dict(variables),
        operation_name=name,
    )
    assert isinstance(result, ExecutionResult)
    return result.data
