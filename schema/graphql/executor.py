"""How documents are executed: object by object, any of which may be the last.

A document can ask for a million objects. Whoever answers is told every few hundred members, and may
end it all.
See: docs/graphql.md
"""

# Types of the library's executor are open.
# pyright: reportUnknownMemberType=false

from typing import Any, Protocol, cast

from graphql import GraphQLObjectType, GraphQLResolveInfo, located_error
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from backtest.errors import AnswerTooLong, DeadlineExceeded, RunCancelled

# A few milliseconds of work.
MEMBERS_PER_LOOK = 256
# A name, a value and what stands around them; the text itself is counted when it is written.
LEAST_MEMBER_BYTES = 12
FINAL = (AnswerTooLong, DeadlineExceeded, RunCancelled)


class Watcher(Protocol):
    """Is told how much has been made, and may end it all; the GraphQL context is one.

    See: docs/reliability.md#answers (bff/graphql/context.py)
    """

    def allow(self, n_bytes: int) -> None:
        """Return if the answer may have so many bytes more, and more work be done for it."""
        ...


class WatchedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Tells the context of what it has made, and ends with what that raises instead of a null.

    The context is told of `MEMBERS_PER_LOOK` members or more at a time, by the least bytes that
    they take. One of `FINAL` ends the execution; any other failure of a field leaves a null.

    See: docs/reliability.md#answers
    """

    n_members = 0

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """The members of one object."""
        made: Any = super().complete_object_value(
            return_type, field_details_list, info, path, result, position_context
        )
        self.n_members += len(made)
        if self.n_members >= MEMBERS_PER_LOOK:
            cast("Watcher", self.context_value).allow(self.n_members * LEAST_MEMBER_BYTES)
            self.n_members = 0
        return made

    def handle_field_error(
        self, raw_error: Exception, return_type: Any, field_details_list: Any, path: Any
    ) -> None:
        """Put null for a field that failed, unless nothing else is worth doing either."""
        error = located_error(raw_error, None, path.as_list())
        if isinstance(error.original_error, FINAL):
            raise error
        super().handle_field_error(raw_error, return_type, field_details_list, path)
