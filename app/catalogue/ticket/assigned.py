"""ticket.assigned."""

from app.catalogue.cast import SAM, TICKET_WITH_SAM
from app.catalogue.json_schema import choice, count, nullable, record, shared, string
from app.catalogue.shared import built_in

_ASSIGNMENT = record(
    "The assignment.",
    {
        "previousAssignee": nullable(shared("Agent", "Previous assignee; null if there was none.")),
        "previousTeamId": nullable(string("ID of the previous team.")),
        "assignee": nullable(shared("Agent", "New assignee; null if the ticket was assigned only to a team.")),
        "teamId": nullable(string("ID of the new team.")),
        "assignedBy": nullable(string("Who assigned the ticket: the ID of an agent or a rule, or `system`.")),
        "method": nullable(choice("How the assignee was selected.", ["manual", "round_robin", "skill", "ai_routing"])),
        "reason": nullable(string("Reason for selecting this assignee.")),
        "workload": nullable(count("Number of open tickets of the assignee, including this one.")),
    },
)

TICKET_ASSIGNED = built_in(
    "ticket.assigned",
    "A ticket was assigned to an agent.",
    subject="ticket",
    fields={
        "ticket": shared("Ticket", "The ticket after the assignment."),
        "assignment": _ASSIGNMENT,
    },
    example={
        "ticket": TICKET_WITH_SAM,
        "assignment": {
            "previousAssignee": None,
            "previousTeamId": "team_billing",
            "assignee": SAM,
            "teamId": "team_billing",
            "assignedBy": "system",
            "method": "skill",
            "reason": "Sam Rivera handles refunds in English.",
            "workload": 6,
        },
    },
)
