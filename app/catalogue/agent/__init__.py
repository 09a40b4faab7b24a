"""The event types about AI agents, in the order of the documentation."""

from app.catalogue.agent.error import AGENT_ERROR
from app.catalogue.agent.escalation import AGENT_ESCALATION
from app.catalogue.agent.response import AGENT_RESPONSE
from app.catalogue.agent.training import AGENT_TRAINING

AGENT_EVENT_TYPES = (AGENT_RESPONSE, AGENT_ESCALATION, AGENT_ERROR, AGENT_TRAINING)
