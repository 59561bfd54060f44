"""What a document may cost, found before anything of it is executed.

See: docs/graphql.md
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Lexer,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Source,
    Token,
    TokenKind,
    parse,
)

from backtest.errors import InvalidRequest, Problem
from bff.http.errors import Code, RoehubError

MAX_NESTING = 64
CHARS_PER_TOKEN = 24
RUN_FIELD = "runBacktest"
QUESTION_FIELDS = frozenset({"estimateBacktest", "saveStrategy", "variantReport"})
LONG_LISTS = frozenset(
    {
        "equityCurve",
        "indicatorSignals",
        "returnsByMonth",
        "signal",
        "surface",
        "surfaces",
        "trades",
        "variants",
    }
)

_OPENING = {TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L}
_CLOSING = {TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R}
_NUMBERS = {TokenKind.INT, TokenKind.FLOAT}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLLimits:
    """Limits of one document; fields, aliases and runs count with every fragment written out.

    Comments are tokens, and a document has at most 24 characters for each allowed token.

    See: docs/graphql.md
    """

    max_tokens: int = 2_000
    max_aliases: int = 30
    max_depth: int = 12
    max_fields: int = 1_000
    max_questions: int = 10
    max_long_lists: int = 12
    max_number_chars: int = 64


@dataclass(slots=True)
class _Cost:
    fields: int = 0
    aliases: int = 0
    depth: int = 0
    runs: int = 0
    questions: int = 0
    long_lists: int = 0
    nesting: int = 0

    def add(self, other: "_Cost", levels: int = 0) -> None:
        self.fields += other.fields
        self.aliases += other.aliases
        self.runs += other.runs
        self.questions += other.questions
        self.long_lists += other.long_lists
        self.depth = max(self.depth, other.depth + levels)
        self.nesting = max(self.nesting, other.nesting)


def parse_document(text: str, limits: GraphQLLimits) -> DocumentNode:
    """Parse a document whose size, nesting and cost are within the limits.

    Args:
        text: The document as sent.
        limits: What it may cost.

    Raises:
        RoehubError: `malformed_request`, the text is not a GraphQL document.
        InvalidRequest: It is one, but costs too much, runs in circles or runs more than one grid.

    See: docs/graphql.md
    """
    try:
        _check_tokens(text, limits)
        document = parse(text, max_lexical_tokens=limits.max_tokens + 1)
    except GraphQLSyntaxError as error:
        line, column = error.locations[0] if error.locations else (1, 1)
        message = f"The document is not GraphQL: line {line}, column {column}"
        raise RoehubError(Code.MALFORMED_REQUEST, message) from error
    problems = list(_cost_problems(document, limits))
    if problems:
        raise InvalidRequest(problems)
    return document


def _check_tokens(text: str, limits: GraphQLLimits) -> None:
    max_chars = limits.max_tokens * CHARS_PER_TOKEN
    if len(text) > max_chars:
        raise _too_much("too_many_characters", f"at most {max_chars} characters are allowed")
    lexer = Lexer(Source(text))
    depth = n_tokens = 0
    token = lexer.token
    # Unlike `advance`, this does not skip comments: each of them costs as much as a token.
    while (token := lexer.read_next_token(token.end)).kind is not TokenKind.EOF:
        n_tokens += 1
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if n_tokens > limits.max_tokens:
            raise _too_much("too_many_tokens", f"at most {limits.max_tokens} tokens are allowed")
        if depth > MAX_NESTING:
            raise _too_much("too_deep", f"brackets may nest at most {MAX_NESTING} levels deep")
        if token.kind in _NUMBERS and _length(token) > limits.max_number_chars:
            limit = limits.max_number_chars
            raise _too_much("number_too_long", f"a number must have at most {limit} characters")


def _length(token: Token) -> int:
    return token.end - token.start


def _too_much(code: str, message: str) -> InvalidRequest:
    return InvalidRequest([Problem(("query",), code, message)])


def _cost_problems(document: DocumentNode, limits: GraphQLLimits) -> Iterator[Problem]:
    meter = _Meter(document)
    total = _Cost()
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            total.add(meter.of_selections(node.selection_set))
    if meter.has_cycle:
        yield Problem(("query",), "fragment_cycle", "a fragment must not contain itself")
        return
    measured = (
        ("too_many_aliases", "aliases", total.aliases, limits.max_aliases),
        ("too_deep", "levels of fields", total.depth, limits.max_depth),
        ("too_complex", "fields", total.fields, limits.max_fields),
        ("one_run_per_document", RUN_FIELD, total.runs, 1),
        (
            "too_many_questions",
            "estimates, reports and saved strategies",
            total.questions,
            limits.max_questions,
        ),
        ("too_many_lists", "long lists", total.long_lists, limits.max_long_lists),
    )
    for code, what, count, limit in measured:
        if count > limit:
            message = f"at most {limit} {what} in a document, with fragments expanded"
            yield Problem(("query",), code, message)


@dataclass(slots=True)
class _Meter:
    """Adds up what a document costs; every fragment is measured once.

    What is walked down here is walked down by others too, so it must not be deeper than a stack.
    """

    document: DocumentNode
    has_cycle: bool = False
    _fragments: dict[str, FragmentDefinitionNode] = field(
        default_factory=dict[str, FragmentDefinitionNode]
    )
    _known: dict[str, _Cost] = field(default_factory=dict[str, _Cost])
    _open: set[str] = field(default_factory=set[str])
    _n_open: int = 0

    def __post_init__(self) -> None:
        for node in self.document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                self._fragments[node.name.value] = node

    def of_selections(self, selection_set: SelectionSetNode | None) -> _Cost:
        total = _Cost()
        if selection_set is None:
            return total
        self._n_open += 1
        self._check_nesting()
        for node in selection_set.selections:
            total.add(*self._of_node(node))
        self._n_open -= 1
        total.nesting += 1
        return total

    def _of_node(self, node: SelectionNode) -> tuple[_Cost, int]:
        if isinstance(node, FieldNode):
            return self._of_field(node)
        if isinstance(node, FragmentSpreadNode):
            return self._of_fragment(node.name.value), 0
        assert isinstance(node, InlineFragmentNode)
        return self.of_selections(node.selection_set), 0

    def _of_field(self, node: FieldNode) -> tuple[_Cost, int]:
        name = node.name.value
        cost = self.of_selections(node.selection_set)
        cost.fields += 1
        cost.aliases += node.alias is not None
        cost.runs += name == RUN_FIELD
        cost.questions += name in QUESTION_FIELDS
        cost.long_lists += name in LONG_LISTS
        if name.startswith("__"):
            # The standard introspection query is deeper than any honest question.
            cost.depth = 0
        return cost, 1

    def _of_fragment(self, name: str) -> _Cost:
        if name in self._open:
            self.has_cycle = True
            return _Cost()
        if name not in self._known and name in self._fragments:
            self._open.add(name)
            self._known[name] = self.of_selections(self._fragments[name].selection_set)
            self._open.discard(name)
        # One that does not exist is a field, so that what spreads it many times costs something.
        cost = self._known.get(name, _Cost(fields=1))
        self._check_nesting(cost.nesting)
        return cost

    def _check_nesting(self, n_below: int = 0) -> None:
        if self._n_open + n_below > MAX_NESTING:
            message = f"selections may nest at most {MAX_NESTING} levels deep, fragments included"
            raise _too_much("too_deep", message)
