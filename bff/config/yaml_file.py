"""Reading a YAML file without ambiguity: a repeated key is a problem, not the last one winning.

See: docs/configuration.md
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError


@dataclass(frozen=True, slots=True, order=True)
class ConfigProblem:
    """One thing to fix in the configuration: the file (or environment), the key, what to do."""

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.key}: {self.message}"
            if self.key
            else (f"{self.where}: {self.message}")
        )


class BadConfig(Exception):
    """The configuration cannot be used; every problem is listed."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses repeated keys, and says where a value is none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Build a value; PyYAML lets what Python says of a date or a number pass."""
        try:
            return cast("object", super().construct_object(node, deep))  # pyright: ignore[reportUnknownMemberType]
        except (ValueError, KeyError, AttributeError) as exc:
            kind = node.tag.rpartition(":")[2]
            message = f"{_shown(node.value)} is not a valid {kind}; quote it if it is text"
            raise _refused(node, message) from exc

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping after checking that its keys are distinct."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):  # {{ NAME }} reads as a mapping for a key
                message = "a key must be a word; fill the template in, or quote its braces"
                raise _refused(key_node, message)
            if key in seen:
                raise _refused(key_node, f"the key {key!r} is repeated")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _refused(node: yaml.Node, message: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, message, node.start_mark)


def read_yaml(path: Path) -> object:
    """The document in a file.

    Raises:
        BadConfig: The file cannot be read or is not one YAML document with distinct keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except OSError as exc:
        message = f"the file cannot be read ({exc.strerror}); create it or name another one"
        raise BadConfig([ConfigProblem(str(path), "", message)]) from exc
    except UnicodeDecodeError as exc:
        raise BadConfig([ConfigProblem(str(path), "", "the file is not UTF-8")]) from exc
    except yaml.YAMLError as exc:
        raise BadConfig([ConfigProblem(str(path), "", _one_line(exc))]) from exc


def members_of(value: object) -> dict[object, object]:
    """The members of a mapping; none of anything else."""
    return cast("dict[object, object]", value) if isinstance(value, dict) else {}


def shape_problems(exc: ValidationError, where: str) -> Iterator[ConfigProblem]:
    """What pydantic found, as places in a file; the tag of a union is not a place."""
    for error in exc.errors(include_url=False, include_context=False):
        parts = [str(part) for part in error["loc"] if part not in {"explicit", "range"}]
        match error["type"]:
            case "extra_forbidden":
                message = "unknown key; remove it or correct its spelling"
            case "missing":
                message = "the key is missing; add it"
            case _:
                message = (
                    f"{error['msg'].removeprefix('Value error, ')}, was {_shown(error['input'])}"
                )
        yield ConfigProblem(where, ".".join(parts), message)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _one_line(exc: yaml.YAMLError) -> str:
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark is not None:
        mark = exc.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {exc.problem}"
    return "the file is not YAML"
