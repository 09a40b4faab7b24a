"""The fields of the built-in event types' payloads, written independently of the catalogue, to compare it with."""

from collections.abc import Mapping

CUSTOMER = "id externalId name email phone locale timezone tags[] customAttributes"
AGENT = "id type name email teamId model"
CHANNEL = "id type name"
ATTACHMENT = "id name mimeType sizeBytes url expiresAt"
MESSAGE = "id author role body bodyFormat attachments[] createdAt"
CONVERSATION = (
    "id number subject status priority channel customer assignee teamId tags[] language sentiment.label "
    "sentiment.score ticketId messageCount unreadCount aiHandled csat slaBreachAt firstResponseAt lastMessageAt "
    "createdAt updatedAt closedAt customAttributes url"
)
TICKET = (
    "id number externalId subject description status priority type category requester assignee teamId conversationId "
    "tags[] dueAt sla.policyId sla.firstResponseDueAt sla.resolutionDueAt sla.breached createdVia customFields "
    "createdAt updatedAt resolvedAt reopenCount url"
)


def _within(owner: str, fields: str) -> str:
    return " ".join(f"{owner}.{field}" for field in fields.split())


# The fields of each payload; `[]` marks a list, a dot descends into an object or into the items of a list.
FIELDS: Mapping[str, str] = {
    "conversation.created": " ".join(
        (
            _within("conversation", CONVERSATION),
            _within("conversation.customer", CUSTOMER),
            _within("conversation.assignee", AGENT),
            _within("conversation.channel", CHANNEL),
            _within("firstMessage", MESSAGE),
            _within("firstMessage.attachments[]", ATTACHMENT),
            _within("firstMessage.author", f"{AGENT} {CUSTOMER}"),
            _within("source", "pageUrl referrer utm userAgent ipCountry"),
            _within("routing", "queueId strategy"),
        )
    ),
    "conversation.updated": " ".join(
        (
            _within("conversation", CONVERSATION),
            _within("changes", "status.from status.to priority.from assignee.to tags.to"),
            "updatedFields[] reason",
        )
    ),
    "conversation.closed": " ".join(
        (
            _within("conversation", CONVERSATION),
            "closedBy closeReason",
            _within("resolution", "resolvedBy summary resolutionSeconds firstResponseSeconds handleSeconds"),
            _within("csat", "score comment"),
        )
    ),
    "conversation.escalated": " ".join(
        (
            _within("conversation", CONVERSATION),
            _within("escalation", "id reason level triggeredBy confidence threshold toTeamId slaDueAt"),
            _within("escalation.fromAgent", AGENT),
            _within("escalation.toAgent", AGENT),
            "aiSummary transcriptUrl",
            _within("lastMessages[]", MESSAGE),
        )
    ),
    "conversation.transferred": " ".join(
        (
            _within("conversation", CONVERSATION),
            _within("transfer", "initiatedBy reason note warm transferredAt waitSeconds"),
            _within("transfer.from", "type agentId teamId"),
            _within("transfer.to", "type agentId teamId"),
        )
    ),
    "ticket.created": " ".join(
        (
            _within("ticket", TICKET),
            _within("ticket.requester", CUSTOMER),
            _within("ticket.assignee", AGENT),
            _within("initialMessage", MESSAGE),
            _within("createdFrom", "type conversationId"),
        )
    ),
    "ticket.updated": " ".join(
        (
            _within("ticket", TICKET),
            "changes updatedFields[]",
            _within("comment", "id public body author"),
        )
    ),
    "ticket.resolved": " ".join(
        (
            _within("ticket", TICKET),
            _within("resolution", "resolvedBy code summary resolutionSeconds businessSeconds slaMet aiResolved"),
            "csatRequested",
        )
    ),
    "ticket.reopened": " ".join(
        (
            _within("ticket", TICKET),
            _within("reopen", "reopenedBy reason previousStatus previouslyResolvedAt secondsSinceResolved reopenCount"),
            "reopen.triggerMessageId",
        )
    ),
    "ticket.assigned": " ".join(
        (
            _within("ticket", TICKET),
            _within("assignment", "previousTeamId teamId assignedBy method reason workload"),
            _within("assignment.previousAssignee", AGENT),
            _within("assignment.assignee", AGENT),
        )
    ),
    "agent.response": " ".join(
        (
            _within("agent", AGENT),
            "conversationId ticketId isFinal inReplyToMessageId",
            _within("message", MESSAGE),
            _within("ai", "model promptTokens completionTokens latencyMs confidence intent.name intent.score language"),
            _within("ai.sources[]", "type id title url score"),
            _within("ai.toolsUsed[]", "name status durationMs"),
            "ai.guardrails[]",
        )
    ),
    "agent.escalation": " ".join(
        (
            _within("agent", AGENT),
            "conversationId handoffStatus",
            _within("escalation", "id reason confidence threshold attempts unansweredQuestion suggestedTeamId"),
            "escalation.suggestedReply",
            _within("context", "summary intent sentiment entities[]"),
        )
    ),
    "agent.error": " ".join(
        (
            _within("agent", AGENT),
            "conversationId traceId",
            _within("error", "code category message retryable provider httpStatus attempt maxAttempts"),
            _within("impact", "customerVisible fallbackUsed fallbackMessageId"),
        )
    ),
    "agent.training": " ".join(
        (
            _within("agent", AGENT),
            _within("training", "jobId status trigger startedAt completedAt durationSeconds errors[]"),
            _within("training.dataset", "sources documents addedDocuments removedDocuments tokens"),
            _within("training.modelVersion", "from to"),
            _within("training.metrics", "accuracy coverage hallucinationRate evaluationSetSize"),
        )
    ),
    "system.maintenance": _within(
        "maintenance",
        "id status title description startsAt endsAt affectedServices[] expectedImpact regions[] statusPageUrl",
    ),
    "system.error": " ".join(
        (
            _within("incident", "id severity code component message startedAt resolvedAt affectedServices[]"),
            _within("incident", "affectedOrganizations errorRate statusPageUrl"),
            "traceId",
        )
    ),
    "system.backup": " ".join(
        (
            _within(
                "backup", "id status type startedAt completedAt durationSeconds sizeBytes encrypted retentionUntil"
            ),
            _within("backup", "location.provider location.region checksum.algorithm checksum.value itemCounts error"),
        )
    ),
    "system.update": " ".join(
        (
            _within("release", "id version previousVersion channel deployedAt components[] changelogUrl"),
            _within("release", "breakingChanges[] requiresAction actionDeadline rollbackOf"),
        )
    ),
}

# The closed sets of words, by event type and field.
CHOICES: Mapping[tuple[str, str], str] = {
    ("conversation.created", "conversation.status"): "open pending snoozed closed",
    ("conversation.created", "conversation.channel.type"): "web_chat email whatsapp sms voice api",
    ("conversation.created", "conversation.assignee.type"): "human ai",
    ("conversation.closed", "closeReason"): "resolved inactive spam duplicate merged",
    ("conversation.closed", "resolution.resolvedBy"): "ai human",
    ("conversation.escalated", "escalation.reason"): "low_confidence customer_request policy sentiment sla error",
    ("ticket.created", "ticket.status"): "new open pending on_hold resolved closed",
    ("ticket.created", "ticket.priority"): "low normal high urgent",
    ("ticket.created", "ticket.type"): "question incident problem task",
    ("ticket.created", "createdFrom.type"): "conversation email form api",
    ("ticket.assigned", "assignment.method"): "manual round_robin skill ai_routing",
    ("agent.escalation", "handoffStatus"): "requested accepted failed",
    (
        "agent.error",
        "error.category",
    ): "model_timeout rate_limited tool_failure knowledge_unavailable validation internal",
    ("agent.training", "training.status"): "completed failed partial",
    ("agent.training", "training.trigger"): "manual scheduled feedback",
    ("system.maintenance", "maintenance.status"): "scheduled started completed cancelled",
    ("system.maintenance", "maintenance.expectedImpact"): "none degraded outage",
    ("system.error", "incident.severity"): "info warning critical",
    ("system.backup", "backup.status"): "completed failed partial",
    ("system.backup", "backup.type"): "full incremental",
    ("system.update", "release.channel"): "stable beta",
}
