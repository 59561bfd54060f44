"""A run input as a GraphQL client wrote it, turned into the body that REST would carry.

Whatever does not fit is passed on as it is, so that the request's own models name the mistake; what
only exists in GraphQL (unknown entry names, doubled entries, a `@oneOf` with two members) is a
problem found here. `Places` leads from the body back to the client's spelling.
See: docs/graphql.md
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeGuard, cast

from strawberry.utils.str_converters import to_camel_case

from backtest.catalog_rules import NAME_CODES
from backtest.errors import Loc, Problem
from schema.problems import is_stored

# Said of an entry of a map, these mean its name and not what stands under it.
_ABOUT_NAMES = NAME_CODES | {"string_too_long", "unprintable_text"}
EXTRA = "Extra inputs are not permitted"
MISSING = "Field required"


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word of the document, or one that names no member of its enum: never a text.

    See: docs/graphql.md
    """

    name: str


@dataclass(slots=True)
class Places:
    """Where the parts of a body stand in the client's input.

    See: docs/graphql.md
    """

    exact: dict[Loc, Loc] = field(default_factory=dict[Loc, Loc])
    below: dict[Loc, Loc] = field(default_factory=dict[Loc, Loc])
    names: dict[Loc, Loc] = field(default_factory=dict[Loc, Loc])
    words: dict[Loc, str] = field(default_factory=dict[Loc, str])
    settled: set[Loc] = field(default_factory=set[Loc])
    problems: list[Problem] = field(default_factory=list[Problem])

    def note(self, loc: Loc, path: Loc, below: Loc | None = None) -> None:
        """Remember that `loc` was written at `path`, and its members below `below`."""
        self.exact[loc] = path
        self.below[loc] = path if below is None else below

    def refuse(self, path: Loc, code: str, message: str, loc: Loc | None = None) -> None:
        """Note a mistake that only this spelling can hold; it is all there is to say of `loc`."""
        self.problems.append(Problem(path, code, message))
        if loc is not None:
            self.settled.add(loc)

    def is_settled(self, loc: Loc) -> bool:
        """Whether a mistake in the spelling already says what is wrong at a place."""
        return any(loc[:cut] in self.settled for cut in range(len(loc) + 1))

    def to_path(self, loc: Loc) -> Loc:
        """The client's spelling of a place in the body; one in a stored strategy stays as it is."""
        if is_stored(loc):
            return loc
        if loc in self.exact:
            return self.exact[loc]
        for cut in range(len(loc) - 1, -1, -1):
            base = self.below.get(loc[:cut])
            if base is not None:
                return (*base, *_spell(loc[cut:]))
        return ("input", *_spell(loc))

    def translate(self, problem: Problem) -> Problem:
        """A problem of the body, told in the client's spelling."""
        expected = self.words.get(problem.loc)
        message = problem.message if expected is None else f"Input should be {expected}"
        is_named = problem.code in _ABOUT_NAMES and problem.loc in self.names
        path = self.names[problem.loc] if is_named else self.to_path(problem.loc)
        return Problem(path, problem.code, message)


Reader = Callable[[Any, Loc, Loc, Places], object]


def read_object(readers: Mapping[str, Reader], raw: Any, loc: Loc, path: Loc, to: Places) -> object:
    """Read the members of an input object, each with the reader under its REST name.

    See: docs/graphql.md
    """
    to.note(loc, path)
    return read_members(readers, raw, loc, path, to) if is_object(raw) else raw


def read_members(
    readers: Mapping[str, Reader], raw: Mapping[str, Any], loc: Loc, path: Loc, to: Places
) -> dict[str, object]:
    """The members of an object under their REST names; unknown ones are problems.

    See: docs/graphql.md
    """
    names = {spelled(name): name for name in readers}
    members: dict[str, object] = {}
    for key, value in raw.items():
        name = names.get(key)
        if name is None:
            to.refuse((*path, key), "extra_forbidden", EXTRA)
        else:
            members[name] = readers[name](value, (*loc, name), (*path, key), to)
    return members


def read_plain(raw: Any, loc: Loc, path: Loc, to: Places) -> object:
    """A scalar.

    See: docs/graphql.md
    """
    to.note(loc, path)
    return raw


def read_word(kind: type[StrEnum], raw: Any, loc: Loc, path: Loc, to: Places) -> object:
    """A member of an enum, which GraphQL writes as `M15` and REST as `15m`.

    See: docs/graphql.md
    """
    to.note(loc, path)
    members = kind.__members__
    to.words[loc] = "one of " + ", ".join(members)
    name = raw.name if isinstance(raw, Word) else raw
    if isinstance(name, str):
        return members[name].value if name in members else Word(name)
    return raw


def read_list(
    item: Reader, is_item: Callable[[object], bool], raw: Any, loc: Loc, path: Loc, to: Places
) -> object:
    """A list, item by item; what could be an item is a list of itself.

    As the specification has it: https://spec.graphql.org/September2025/#sec-List.Input-Coercion.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """
    to.note(loc, path)
    if is_item(raw):
        return [item(raw, (*loc, 0), path, to)]
    if not isinstance(raw, list):
        return raw
    items = cast("list[Any]", raw)
    return [item(value, (*loc, i), (*path, i), to) for i, value in enumerate(items)]


def read_map(
    key: str, member: str, reader: Reader, raw: Any, loc: Loc, path: Loc, to: Places
) -> object:
    """A list of entries `{key, member}`, or one entry alone, which REST writes as a map.

    See: docs/graphql.md
    """
    to.note(loc, path)
    if is_object(raw):
        entries: list[tuple[Loc, Any]] = [(path, raw)]
    elif isinstance(raw, list):
        entries = [((*path, i), entry) for i, entry in enumerate(cast("list[Any]", raw))]
    else:
        return raw
    found: dict[str, object] = {}
    for place, entry in entries:
        name = _entry_name(entry, key, member, place, to)
        if name is None:
            continue
        if name in found:
            to.refuse((*place, key), "duplicate_name", "Each name may occur once")
        to.names[*loc, name] = (*place, key)
        if member in entry:
            found[name] = reader(entry[member], (*loc, name), (*place, member), to)
        if name not in found:
            to.refuse((*place, member), "required", MISSING)
    return found


def _entry_name(entry: Any, key: str, member: str, path: Loc, to: Places) -> str | None:
    if not is_object(entry):
        to.refuse(path, "model_type", "Input should be an object")
        return None
    for extra in entry.keys() - {key, member}:
        to.refuse((*path, extra), "extra_forbidden", EXTRA)
    name = entry.get(key)
    if isinstance(name, str) and name:
        return name
    if key not in entry:
        to.refuse((*path, key), "required", MISSING)
    elif name == "":
        to.refuse((*path, key), "string_too_short", "String should have at least 1 character")
    else:
        to.refuse((*path, key), "string_type", "Input should be a valid string")
    return None


def is_object(raw: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a raw value is an input object.

    See: docs/graphql.md
    """
    return isinstance(raw, dict)


def is_scalar(raw: object) -> bool:
    """Whether a raw value is neither null nor made of others.

    See: docs/graphql.md
    """
    return raw is not None and not isinstance(raw, dict | list)


def plain(names: Iterable[str]) -> dict[str, Reader]:
    """Readers for scalars.

    See: docs/graphql.md
    """
    return dict.fromkeys(names, read_plain)


def spelled(name: str) -> str:
    """The GraphQL name of a member.

    See: docs/graphql.md
    """
    return to_camel_case(name)


def _spell(loc: Loc) -> Loc:
    return tuple(spelled(step) if isinstance(step, str) else step for step in loc)
