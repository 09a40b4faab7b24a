"""All tools: they read, and they send again what was meant to be sent. None sets a URL, a header, a credential or a
secret, creates or deletes anything, or reveals a secret, so that text that an agent was deceived by cannot make it.
"""

from app.web.agents.tool import Tool
from app.web.agents.tools import deliveries, events, operations, problems, replaying, webhooks

TOOLS: tuple[Tool, ...] = (
    *webhooks.TOOLS,
    *problems.TOOLS,
    *deliveries.TOOLS,
    *events.TOOLS,
    *replaying.TOOLS,
    *operations.TOOLS,
)
