"""Inputs for what is searched in the log: text and data of events, and ranges of HTTP statuses."""

import strawberry
from strawberry.scalars import JSON

from app import data_conditions as domain_data
from app import delivery_filter as domain
from app.catalogue.explanation import quoted
from app.errors import Problem, Rejected, UserErrorCode, rejected

LOWEST_STATUS, HIGHEST_STATUS = 100, 999
MAX_DATA_CONDITIONS = 10
MAX_EQUALS_CHARACTERS = 1_000
# Of the text in bodies.
MAX_SEARCH_CHARACTERS = 500


@strawberry.input(description="A range of whole numbers.")
class IntRange:
    from_: int | None = strawberry.field(
        name="from", description="Lowest number; unbounded if null or omitted.", default=None
    )
    to: int | None = strawberry.field(description="Highest number; unbounded if null or omitted.", default=None)

    def of_statuses(self) -> domain.IntRange:
        """A range of HTTP statuses.

        Raises:
            Rejected: it has a number that is not an HTTP status, or is empty.
        """
        low, high = LOWEST_STATUS, HIGHEST_STATUS
        problems = [
            Problem(
                f"The HTTP status {number} does not exist; give {low} to {high}.",
                ("filter", "responseStatus", name),
                UserErrorCode.INVALID,
            )
            for name, number in (("from", self.from_), ("to", self.to))
            if number is not None and not low <= number <= high
        ]
        if not problems and self.from_ is not None and self.to is not None and self.to < self.from_:
            message = f"The range ends at {self.to}; give a number that is not below its beginning, {self.from_}."
            problems.append(Problem(message, ("filter", "responseStatus", "to"), UserErrorCode.INVALID))
        if problems:
            raise Rejected(problems)
        return domain.IntRange(self.from_, self.to)


@strawberry.input(description="A value in the data of an event.")
class DataCondition:
    path: str = strawberry.field(
        description="Path into the event's data: 1 to 10 member names joined by dots, e.g. ticket.id."
    )
    equals: JSON = strawberry.field(
        description="The value there: a string, a number, true or false. An absent value equals nothing."
    )

    def asked(self, *where: str) -> domain_data.DataCondition:
        if not domain_data.is_path(self.path):
            message = (
                f"The path {quoted(self.path)} cannot be searched; give 1 to 10 names of letters, digits, _ and -,"
                " joined by dots, e.g. ticket.id."
            )
            raise rejected(UserErrorCode.INVALID, message, *where, "path")
        value: object = self.equals
        if not isinstance(value, (str, int, float)):
            message = "The filter's equals is an object or a list; give a string, a number, true or false."
            raise rejected(UserErrorCode.INVALID, message, *where, "equals")
        if isinstance(value, str) and len(value) > MAX_EQUALS_CHARACTERS:
            message = f"The filter's equals has {len(value)} characters; give at most {MAX_EQUALS_CHARACTERS}."
            raise rejected(UserErrorCode.TOO_LONG, message, *where, "equals")
        return domain_data.DataCondition(self.path, value)


def searched(search: str | None) -> str | None:
    """The text that a filter searches for.

    Raises:
        Rejected: it is empty or too long.
    """
    if search is not None and not 1 <= len(search) <= MAX_SEARCH_CHARACTERS:
        message = f"The filter's search has {len(search)} characters; give 1 to {MAX_SEARCH_CHARACTERS} characters."
        raise rejected(UserErrorCode.INVALID, message, "filter", "search")
    return search


def data_conditions(asked: list[DataCondition] | None) -> list[domain_data.DataCondition] | None:
    """The conditions of a filter.

    Raises:
        Rejected: there are too many, or one cannot be compared.
    """
    if asked is None:
        return None
    if len(asked) > MAX_DATA_CONDITIONS:
        message = f"The filter's data has {len(asked)} conditions; at most {MAX_DATA_CONDITIONS} are taken."
        raise rejected(UserErrorCode.TOO_MANY, message, "filter", "data")
    return [condition.asked("filter", "data", str(index)) for index, condition in enumerate(asked)]
