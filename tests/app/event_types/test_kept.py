"""On both databases: what is kept of the events of a type is set, changed, reset and refused."""

from typing import Any

import pytest

from app.errors import Problem, Rejected, UserErrorCode
from app.event_types.definitions import create_event_type, update_event_type
from app.event_types.drafts import EventTypeChanges, EventTypeDraft, KeepingChanges
from app.keeping import ALL, Keeping, by_type
from app.statuses import KeepBodies
from tests.domain import Domain

DAYS, UNTIL_SUCCESS, NEVER_RESPONSES = KeepBodies
EMAIL = "/data/customer/email"


async def created(domain: Domain, **keeping: Any) -> Keeping:
    draft = EventTypeDraft("invoice.paid", "An invoice was paid.", keeping=KeepingChanges(**keeping))
    return (await create_event_type(domain.resources, domain.caller, draft)).keeping


async def updated(domain: Domain, name: str = "invoice.paid", **keeping: Any) -> Keeping:
    changes = EventTypeChanges(keeping=KeepingChanges(**keeping))
    return (await update_event_type(domain.resources, domain.caller, name, changes)).keeping


async def problems_of(domain: Domain, **keeping: Any) -> list[Problem]:
    with pytest.raises(Rejected) as refused:
        await created(domain, **keeping)
    return list(refused.value.problems)


async def in_workspace(domain: Domain) -> dict[str, Keeping] | None:
    """What claims read of the caller's workspace."""
    [row] = await domain.rows("SELECT keeping FROM workspace WHERE id = $1", domain.caller.workspace_id)
    return None if row["keeping"] is None else dict(by_type(row["keeping"]))


async def test_everything_is_kept_unless_something_is_set(domain: Domain) -> None:
    assert await created(domain) == ALL
    assert await in_workspace(domain) is None


async def test_rules_apply_together_and_are_read_by_claims(domain: Domain) -> None:
    kept = await created(domain, keep_bodies=[NEVER_RESPONSES, DAYS, DAYS], keep_bodies_days=30, redact=[EMAIL, EMAIL])

    assert kept == Keeping((DAYS, NEVER_RESPONSES), 30, (EMAIL,))
    assert await in_workspace(domain) == {"invoice.paid": kept}
    [entry] = await domain.audit_log("event_type.created")
    assert entry["changes"]["keepBodies"] == [[], ["DAYS", "NEVER_RESPONSES"]]
    assert entry["changes"]["redact"] == [[], [EMAIL]]


async def test_what_is_not_given_stays_and_an_empty_list_resets(domain: Domain) -> None:
    await created(domain, keep_bodies=[DAYS], keep_bodies_days=30, redact=[EMAIL])

    assert await updated(domain, keep_bodies_days=7) == Keeping((DAYS,), 7, (EMAIL,))
    assert await updated(domain, keep_bodies=[UNTIL_SUCCESS, DAYS]) == Keeping((DAYS, UNTIL_SUCCESS), 7, (EMAIL,))
    assert await updated(domain, keep_bodies=[]) == Keeping((), None, (EMAIL,))
    assert await updated(domain, redact=[]) == ALL
    assert await in_workspace(domain) is None
    changes = [entry["changes"] for entry in await domain.audit_log("event_type.updated")]
    assert changes[2] == {"keepBodies": [["DAYS", "UNTIL_SUCCESS"], []], "keepBodiesDays": [7, None]}


async def test_a_built_in_event_type_is_set_for_the_workspace_only(domain: Domain) -> None:
    assert await updated(domain, "ticket.created", keep_bodies=[UNTIL_SUCCESS]) == Keeping((UNTIL_SUCCESS,))
    archived = EventTypeChanges(archived=True)
    both = await update_event_type(domain.resources, domain.caller, "ticket.created", archived)
    only_kept = await update_event_type(
        domain.resources, domain.caller, "ticket.created", EventTypeChanges(archived=False)
    )

    assert (both.archived, both.keeping) == (True, Keeping((UNTIL_SUCCESS,)))
    assert (only_kept.archived, only_kept.keeping) == (False, Keeping((UNTIL_SUCCESS,)))
    theirs = await domain.resources.registries.current(domain.resources.database, domain.stranger.workspace_id)
    assert theirs.event_types["ticket.created"].keeping == ALL
    assert await updated(domain, "ticket.created", keep_bodies=[]) == ALL
    assert await domain.rows("SELECT id FROM event_type") == []
    assert await in_workspace(domain) is None


@pytest.mark.parametrize(
    ("keeping", "path", "code"),
    [
        ({"keep_bodies": [DAYS]}, ("keepBodiesDays",), UserErrorCode.REQUIRED),
        ({"keep_bodies": [DAYS], "keep_bodies_days": 0}, ("keepBodiesDays",), UserErrorCode.INVALID),
        ({"keep_bodies": [DAYS], "keep_bodies_days": 3651}, ("keepBodiesDays",), UserErrorCode.INVALID),
        ({"keep_bodies_days": 5}, ("keepBodiesDays",), UserErrorCode.INVALID),
        ({"redact": ["/a"] * 21}, ("redact",), UserErrorCode.TOO_MANY),
        ({"redact": ["/a", "/" + "a" * 200]}, ("redact", "1"), UserErrorCode.TOO_LONG),
        ({"redact": ["/\ud800"]}, ("redact", "0"), UserErrorCode.INVALID),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    domain: Domain, keeping: Any, path: tuple[str, ...], code: UserErrorCode
) -> None:
    assert [(problem.path, problem.code) for problem in await problems_of(domain, **keeping)] == [(path, code)]


async def test_each_malformed_pointer_is_named_with_the_reason(domain: Domain) -> None:
    problems = await problems_of(domain, redact=["data.email", EMAIL, "/a~b", ""])

    assert [(problem.path, problem.code) for problem in problems] == [
        (("redact", index), UserErrorCode.INVALID) for index in ("0", "2", "3")
    ]
    assert problems[0].message == (
        '"data.email" is not a JSON Pointer (RFC 6901) to a part of a body: it does not begin with "/". Write one such'
        ' as "/data/customer/email".'
    )
    assert '"/a~b"' in problems[1].message
    assert '"~0"' in problems[1].message
