"""The GraphQL operations of the demonstration, as any client would write them."""

CREATE_WEBHOOK = """
mutation CreateWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    webhook { id name url eventTypes }
    userErrors { message path }
  }
}
"""

EXAMPLES = """
query Examples {
  eventTypes { name example }
}
"""

PUBLISH_EVENTS = """
mutation PublishEvents($input: PublishEventsInput!) {
  publishEvents(input: $input) {
    events { id type }
    deliveryCount
    userErrors { message path }
  }
}
"""

FOLLOW = """
subscription Follow {
  deliveryUpdates {
    updates {
      delivery { id status event { type } webhook { name } }
      attempt { number outcome }
    }
  }
}
"""

OUTCOME = """
query Outcome {
  deliveries(first: 100) {
    nodes {
      status
      attempts(first: 10) { nodes { outcome } }
    }
  }
}
"""
