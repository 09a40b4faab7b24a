"""Words what was wrong with an attempt, as a sentence. Pure."""

from http import HTTPStatus

from app.statuses import AttemptOutcome


def failure_sentence(outcome: AttemptOutcome, error: str | None, status: int | None) -> str | None:
    """The stored error, or for an answer other than 2xx its status as a sentence; None after a success."""
    if error is not None or outcome is not AttemptOutcome.HTTP_ERROR or status is None:
        return error
    return f"Answered {status} {_phrase(status)}".rstrip() + "."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
