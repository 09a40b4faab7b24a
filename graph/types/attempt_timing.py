"""How long the parts of an attempt took."""

import strawberry

from app.sender.timing import unpacked
from graph.rows import StoredAttempt


@strawberry.type(
    description="Durations of the parts of an attempt, in milliseconds. A part is null if it did not happen or did not"
    " end, and in attempts made before parts were measured."
)
class AttemptTiming:
    resolve_ms: float | None = strawberry.field(
        description="Resolving the host name; null for an address and on a reused connection."
    )
    connect_ms: float | None = strawberry.field(description="Opening the TCP connection; null on a reused connection.")
    tls_ms: float | None = strawberry.field(description="TLS handshake; null for http and on a reused connection.")
    send_ms: float | None = strawberry.field(description="Sending the request.")
    first_byte_ms: float | None = strawberry.field(
        description="From the end of the request until the head of the response arrived."
    )
    total_ms: float = strawberry.field(description="The whole attempt.")
    connection_reused: bool = strawberry.field(
        description="Whether the request went over a connection kept from an earlier one."
    )

    @classmethod
    def from_row(cls, row: StoredAttempt) -> "AttemptTiming":
        timing = unpacked(row.timing)
        return cls(
            resolve_ms=_milliseconds(timing.resolve),
            connect_ms=_milliseconds(timing.connect),
            tls_ms=_milliseconds(timing.tls),
            send_ms=_milliseconds(timing.send),
            first_byte_ms=_milliseconds(timing.first_byte),
            total_ms=row.duration_us / 1_000,
            connection_reused=timing.connection_reused,
        )


def _milliseconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000
