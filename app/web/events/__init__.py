"""POST /events: publishes events over plain HTTP, as CloudEvents or as lines of JSON."""

from app.web.events.route import events_route as events_route
