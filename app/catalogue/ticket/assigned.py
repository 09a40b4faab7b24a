"""ticket.assigned."""

from app.catalogue.cast import SAM, TICKET_WITH_SAM
from app.catalogue.json_schema import choice, count, nullable, record, shared, string
from app.catalogue.shared import built_in

_ASSIGNMENT = record(
    "The assignment itself.",
    {
        "previousAssignee": nullable(shared("Agent", "Who had it before; null where nobody did.")),
        "previousTeamId": nullable(string("The id of the team that had it before.")),
        "assignee": nullable(shared("Agent", "Who has it now; null where it was only given to a team.")),
        "teamId": nullable(string("The id of the team that has it now.")),
        "assignedBy": nullable(string("Who gave it: the id of an agent or a rule, or `system`.")),
        "method": nullable(choice("How the assignee was chosen.", ["manual", "round_robin", "skill", "ai_routing"])),
        "reason": nullable(string("Why this one.")),
        "workload": nullable(count("How many open tickets the assignee has, this one included.")),
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
