"""A tool of the Model Context Protocol, as a value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import jsonschema_rs

from app.statuses import Scope
from app.web.agents.asking import Asking, Refused

Arguments: TypeAlias = Mapping[str, Any]
JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool.

    Attributes:
        properties: JSON Schemas of its arguments.
        required: the arguments without which it does nothing.
        scope: the scope that it needs; callers without it do not see the tool.
        run: what it does, with arguments that are valid.
    """

    name: str
    title: str
    description: str
    properties: Mapping[str, JsonObject]
    run: Callable[[Asking, Arguments], Awaitable[JsonObject]]
    required: tuple[str, ...] = ()
    scope: Scope = Scope.READ

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing and sends nothing."""
        return self.scope is Scope.READ

    @cached_property
    def input_schema(self) -> JsonObject:
        """The JSON Schema of its arguments."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }

    async def call(self, asking: Asking, arguments: Arguments) -> JsonObject:
        """The result for these arguments.

        Raises:
            Refused: they are invalid, or the API refuses.
        """
        problems = [_sentence(error) for error in self._validator.iter_errors(dict(arguments))]
        if problems:
            raise Refused(" ".join(problems))
        return await self.run(asking, arguments)

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self.input_schema)


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    where = ".".join(str(part) for part in error.instance_path)
    return f"{where}: {error.message}." if where else f"{error.message}."


def text(description: str, **more: Any) -> JsonObject:
    """The schema of a string."""
    return {"type": "string", "description": description, **more}


def texts(description: str, **items: Any) -> JsonObject:
    """The schema of a list of strings."""
    return {"type": "array", "items": {"type": "string", **items}, "description": description}


SINCE = text("Beginning of the time range, RFC 3339 with an offset, e.g. 2026-11-23T14:00:00Z.", format="date-time")
UNTIL = text("End of the time range; now if omitted.", format="date-time")
FIRST = {"type": "integer", "minimum": 1, "maximum": 50, "description": "Length of the page; 10 if omitted."}
AFTER = text("Cursor of the next page: `next` of the page before.")
PAGE = {"first": FIRST, "after": AFTER}
WEBHOOK_ID = text("ID of the webhook: wh_….")


def page_of(arguments: Arguments) -> JsonObject:
    """The variables of a page."""
    return {"first": arguments.get("first", 10), "after": arguments.get("after")}


def next_of(connection: JsonObject) -> str | None:
    """The cursor of the next page; None at the end."""
    info = connection["pageInfo"]
    return str(info["endCursor"]) if info["hasNextPage"] else None


def time_of(arguments: Arguments) -> JsonObject:
    """The time range of the arguments, as the API takes it."""
    return {"since": arguments.get("since"), "until": arguments.get("until")}
