"""The people and objects of the examples, so that they tell one story and their IDs match.

Ada was charged twice. Aria (an AI agent) answers, is not sure and asks for a person; the conversation moves to Sam,
becomes a ticket, is resolved, and comes back the next morning. All of it is made up.
"""

from typing import Any

CUSTOMER: dict[str, Any] = {
    "id": "cus_4h8t2n",
    "externalId": "crm-20931",
    "name": "Ada Okafor",
    "email": "ada.okafor@example.com",
    "phone": "+442079460958",
    "locale": "en-GB",
    "timezone": "Europe/London",
    "tags": ["vip"],
    "customAttributes": {"plan": "business", "seats": 40},
}

ARIA: dict[str, Any] = {
    "id": "agt_aria",
    "type": "ai",
    "name": "Aria",
    "email": None,
    "teamId": "team_front",
    "model": "support-large-2",
}

SAM: dict[str, Any] = {
    "id": "agt_sam",
    "type": "human",
    "name": "Sam Rivera",
    "email": "sam.rivera@example.com",
    "teamId": "team_billing",
}

CHANNEL: dict[str, Any] = {"id": "chn_website", "type": "web_chat", "name": "Website chat"}

QUESTION: dict[str, Any] = {
    "id": "msg_1c9p3v",
    "author": CUSTOMER,
    "role": "customer",
    "body": "Hello, I was charged twice for invoice INV-3391. Can you refund one of them?",
    "bodyFormat": "text",
    "attachments": [
        {
            "id": "att_6m2k8d",
            "name": "statement.pdf",
            "mimeType": "application/pdf",
            "sizeBytes": 84213,
            "url": "https://files.example.com/att_6m2k8d/statement.pdf?signature=3f9c",
            "expiresAt": "2026-11-24T09:58:12Z",
        }
    ],
    "createdAt": "2026-11-23T09:58:12.204Z",
}

ANSWER: dict[str, Any] = {
    "id": "msg_2e7r5x",
    "author": ARIA,
    "role": "ai",
    "body": "I am sorry about that, Ada. I can see two payments for INV-3391 and am checking which one can go back.",
    "bodyFormat": "markdown",
    "attachments": [],
    "createdAt": "2026-11-23T09:58:15.881Z",
}

CONVERSATION: dict[str, Any] = {
    "id": "conv_7f3k2m",
    "number": 48213,
    "subject": "Charged twice for INV-3391",
    "status": "open",
    "priority": "normal",
    "channel": CHANNEL,
    "customer": CUSTOMER,
    "assignee": ARIA,
    "teamId": "team_front",
    "tags": ["billing"],
    "language": "en",
    "sentiment": {"label": "negative", "score": -0.42},
    "ticketId": None,
    "messageCount": 2,
    "unreadCount": 0,
    "aiHandled": True,
    "csat": None,
    "slaBreachAt": "2026-11-23T10:58:12Z",
    "firstResponseAt": "2026-11-23T09:58:15.881Z",
    "lastMessageAt": "2026-11-23T09:58:15.881Z",
    "createdAt": "2026-11-23T09:58:12.204Z",
    "updatedAt": "2026-11-23T09:58:15.881Z",
    "closedAt": None,
    "customAttributes": {"cartValue": 0},
    "url": "https://support.example.com/conversations/conv_7f3k2m",
}

CONVERSATION_WITH_SAM: dict[str, Any] = CONVERSATION | {
    "priority": "high",
    "assignee": SAM,
    "teamId": "team_billing",
    "tags": ["billing", "refund"],
    "messageCount": 4,
    "unreadCount": 1,
    "aiHandled": False,
    "updatedAt": "2026-11-23T10:01:40.512Z",
}

TICKET: dict[str, Any] = {
    "id": "tkt_9d2x6c",
    "number": 10577,
    "externalId": None,
    "subject": "Refund the second payment of INV-3391",
    "description": "The customer was charged twice for INV-3391 on 2026-11-21. The second payment has to go back.",
    "status": "new",
    "priority": "high",
    "type": "problem",
    "category": "billing",
    "requester": CUSTOMER,
    "assignee": None,
    "teamId": "team_billing",
    "conversationId": "conv_7f3k2m",
    "tags": ["billing", "refund"],
    "dueAt": "2026-11-24T10:03:00Z",
    "sla": {
        "policyId": "sla_business",
        "firstResponseDueAt": "2026-11-23T11:03:00Z",
        "resolutionDueAt": "2026-11-24T10:03:00Z",
        "breached": False,
    },
    "createdVia": "conversation",
    "customFields": {"invoice": "INV-3391", "amount": "129.00", "currency": "GBP"},
    "createdAt": "2026-11-23T10:03:00.117Z",
    "updatedAt": "2026-11-23T10:03:00.117Z",
    "resolvedAt": None,
    "reopenCount": 0,
    "url": "https://support.example.com/tickets/10577",
}

TICKET_WITH_SAM: dict[str, Any] = TICKET | {
    "status": "open",
    "assignee": SAM,
    "updatedAt": "2026-11-23T10:03:31.640Z",
}

RESOLVED_TICKET: dict[str, Any] = TICKET_WITH_SAM | {
    "status": "resolved",
    "updatedAt": "2026-11-23T11:12:09.330Z",
    "resolvedAt": "2026-11-23T11:12:09.330Z",
}

ESCALATION_ID = "esc_5r8w1q"
