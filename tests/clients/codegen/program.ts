// Compiles only if the generated types match the schema: which fields exist, and which may be null.

import { execute } from "./execute";
import { graphql } from "./generated";
import { AttemptOutcome, type CreateWebhookInput } from "./generated/graphql";

const WHAT_BECAME_OF_IT = graphql(`
  query WhatBecameOfIt($eventId: ID!, $first: Int) {
    deliveries(filter: { eventId: $eventId }, first: $first) {
      nodes {
        id
        status
        lastOutcome
        completedAt
        event {
          type
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const CREATE = graphql(`
  mutation Create($input: CreateWebhookInput!) {
    createWebhook(input: $input) {
      webhook {
        id
      }
      secret
      userErrors {
        path
        code
        message
      }
    }
  }
`);

export async function register(): Promise<string> {
  const input: CreateWebhookInput = { name: "Tickets", url: "https://example.com/", eventTypes: ["ticket.*"] };
  const { createWebhook } = await execute(CREATE, { input });
  // @ts-expect-error - null if userErrors is not empty
  const unchecked: string = createWebhook.webhook.id;
  return createWebhook.webhook?.id ?? unchecked;
}

export async function outcomes(eventId: string): Promise<(AttemptOutcome | null | undefined)[]> {
  const { deliveries } = await execute(WHAT_BECAME_OF_IT, { eventId });
  // @ts-expect-error - not selected
  void deliveries.nodes[0]?.attemptCount;
  // @ts-expect-error - a required variable
  void execute(WHAT_BECAME_OF_IT, {});
  const completed: (string | null | undefined)[] = deliveries.nodes.map((delivery) => delivery.completedAt);
  return completed.length ? deliveries.nodes.map((delivery) => delivery.lastOutcome) : [];
}
