"""The form of a file: its fields and their kinds, with an error for each wrong one.

The names are those of the API. A file contains no credential; `{env: NAME}` names the variable that holds it.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from app.catalogue.suggestions import did_you_mean
from app.cli.files.yaml_text import BadYaml, Document, Path, read
from app.statuses import AuthenticationKind, ContactKind, HttpMethod, KeepBodies, SignatureScheme

VERSION = 1

NO_CREDENTIAL = "A credential does not belong in a file; write {env: NAME} with the name of the variable that has it."
_SENTENCES = {
    "string_type": "This must be a text; write it in quotes.",
    "int_type": "This must be a whole number.",
    "bool_type": "This must be true or false.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_type": "This must be an object.",
    "missing": "This field is missing.",
}


class Fault(NamedTuple):
    """An error in a file: its place, and a sentence."""

    file: str
    line: int
    path: Path
    message: str

    def __str__(self) -> str:
        place = f" {'.'.join(map(str, self.path))}:" if self.path else ""
        return f"{self.file}:{self.line}:{place} {self.message}"


class _Shape(BaseModel):
    # Never created by keyword, so mypy need not know the aliases.
    model_config = ConfigDict(  # type: ignore[pydantic-alias]
        alias_generator=to_camel, extra="forbid", strict=True, frozen=True
    )


class FromEnvironment(_Shape):
    """A value that an environment variable holds."""

    env: str = Field(min_length=1)


def _text_or_environment(value: Any) -> "str | FromEnvironment":
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"env"} and isinstance(value["env"], str) and value["env"]:
        return FromEnvironment(env=value["env"])
    raise ValueError("This must be a text, or {env: NAME}.")


def _environment(value: Any) -> FromEnvironment:
    found = _text_or_environment(value)
    if isinstance(found, str):
        raise ValueError(NO_CREDENTIAL)
    return found


Credential = Annotated[FromEnvironment, PlainValidator(_environment)]
TextOrEnvironment = Annotated[str | FromEnvironment, PlainValidator(_text_or_environment)]


class HeaderEntry(_Shape):
    """A custom header. One whose value comes from the environment is sensitive."""

    name: str
    value: TextOrEnvironment


class AuthenticationEntry(_Shape):
    """How requests authenticate."""

    kind: AuthenticationKind = Field(strict=False)
    username: str | None = None
    token: Credential | None = None
    password: Credential | None = None


class RetryPolicyEntry(_Shape):
    """A retry schedule."""

    delays_seconds: list[int]


class WebhookEntry(_Shape):
    """A webhook: the fields of CreateWebhookInput. An omitted setting has its default."""

    id: str | None = None
    external_id: str | None = None
    name: str
    url: TextOrEnvironment
    event_types: list[str]
    description: str | None = None
    filter: str | None = None
    method: HttpMethod | None = Field(default=None, strict=False)
    timeout_seconds: int | None = None
    verify_ssl: bool | None = None
    ip_allowlist: list[str] | None = None
    headers: list[HeaderEntry] | None = None
    authentication: AuthenticationEntry | None = None
    signature_scheme: SignatureScheme | None = Field(default=None, strict=False)
    secret: Credential | None = None
    rotate_secret_every_days: int | None = None
    retry_policy: RetryPolicyEntry | None = None
    rate_limit_per_second: int | None = None
    max_in_flight: int | None = None
    metadata: dict[str, Any] | None = None


class EventTypeEntry(_Shape):
    """An event type: the fields of CreateEventTypeInput, and whether it is archived."""

    name: str
    description: str | None = None
    json_schema: Any = None
    example: Any = None
    archived: bool = False
    keep_bodies: list[Annotated[KeepBodies, Field(strict=False)]] = []
    keep_bodies_days: int | None = None
    redact: list[str] = []


class ContactEntry(_Shape):
    """A contact: the fields of CreateContactInput."""

    kind: ContactKind = Field(strict=False)
    target: TextOrEnvironment
    events: list[str]


class _File(_Shape):
    version: Literal[1] = 1
    event_types: list[EventTypeEntry] = []
    webhooks: list[WebhookEntry] = []
    contacts: list[ContactEntry] = []


class Place(NamedTuple):
    """The place of an entry: a file and the path within it."""

    file: str
    document: Document
    path: Path

    def fault(self, message: str, *path: str | int) -> Fault:
        """An error of the entry, or of a field of it."""
        whole = (*self.path, *(int(step) if str(step).isdigit() else step for step in path))
        return Fault(self.file, self.document.line(whole), whole, message)


class Entries(NamedTuple):
    """The contents of files, each entry with its place."""

    webhooks: list[tuple[WebhookEntry, Place]]
    event_types: list[tuple[EventTypeEntry, Place]]
    contacts: list[tuple[ContactEntry, Place]]


def entries(files: dict[str, bytes]) -> tuple[Entries, list[Fault]]:
    """The entries of files, given as their contents by name, and all errors of their form."""
    found, faults = Entries([], [], []), list[Fault]()
    for name, content in files.items():
        try:
            document = read(content)
        except BadYaml as error:
            faults.append(Fault(name, error.line, (), str(error)))
            continue
        try:
            file = _File.model_validate({} if document.value is None else document.value)
        except ValidationError as error:
            faults += [_fault(name, document, detail) for detail in error.errors(include_input=False)]
            continue
        for index, webhook in enumerate(file.webhooks):
            found.webhooks.append((webhook, Place(name, document, ("webhooks", index))))
        for index, event_type in enumerate(file.event_types):
            found.event_types.append((event_type, Place(name, document, ("eventTypes", index))))
        for index, contact in enumerate(file.contacts):
            found.contacts.append((contact, Place(name, document, ("contacts", index))))
    return found, faults


def _fault(file: str, document: Document, detail: ErrorDetails) -> Fault:
    path = detail["loc"]
    if detail["type"] == "extra_forbidden":
        message = f'There is no field "{path[-1]}" here.{did_you_mean(str(path[-1]), [*_names(path)])}'
    elif detail["type"] == "value_error":
        message = str(detail["ctx"]["error"])
    else:
        message = _SENTENCES.get(detail["type"], f"{detail['msg']}.")
    return Fault(file, document.line(path), path, message)


def _names(path: Path) -> Iterator[str]:
    shapes: dict[str, type[_Shape]] = {
        "webhooks": WebhookEntry,
        "eventTypes": EventTypeEntry,
        "contacts": ContactEntry,
        "headers": HeaderEntry,
        "authentication": AuthenticationEntry,
        "retryPolicy": RetryPolicyEntry,
    }
    around = [step for step in path[:-1] if isinstance(step, str)]
    shape = shapes.get(around[-1], _File) if around else _File
    for name, field in shape.model_fields.items():
        yield field.alias or name
