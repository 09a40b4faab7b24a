// Publishes an event, follows its deliveries live, and retries failed ones once.
//
//     npm install
//     EEV_URL=http://127.0.0.1:8000/graphql EEV_KEY=… npx tsx publish.ts ticket-42-created

import { setTimeout as sleep } from "node:timers/promises";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { EEV_URL = "http://127.0.0.1:8000/graphql", EEV_KEY = "" } = process.env;
const idempotencyKey = process.argv[2] ?? "ticket-42-created";

type Delivery = { id: string; status: string; attemptCount: number; event: { id: string } };
type Errors = { userErrors: { message: string }[] };
type Published = { publishEvent: Errors & { event: { id: string } | null; deliveryCount: number | null } };
type Updates = { deliveryUpdates: { cursor: string; gap: boolean; updates: { delivery: Delivery }[] } };

const client = createClient({
  url: EEV_URL.replace(/^http/, "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: `Bearer ${EEV_KEY}` },
  retryAttempts: Infinity,
  retryWait: async () => void (await sleep(500)),
  shouldRetry: () => true, // also where the server refuses the connection, as it does while it starts again
});

async function ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
  for await (const { data, errors } of client.iterate<Data>({ query, variables })) {
    if (data) return data;
    throw new Error(errors?.[0]?.message);
  }
  throw new Error("The server did not answer.");
}

async function publish(): Promise<{ id: string; deliveryCount: number }> {
  const query = `mutation ($input: PublishEventInput!) {
    publishEvent(input: $input) { event { id } deliveryCount userErrors { message } }
  }`;
  // Even if the answer is lost: publishing again with the same key publishes nothing twice.
  const data = { ticket: { id: "tkt_42", subject: "Where is my order?", status: "new" } };
  const { publishEvent } = await ask<Published>(query, { input: { type: "ticket.created", data, idempotencyKey } });
  const { event, deliveryCount, userErrors } = publishEvent;
  if (!event) throw new Error(userErrors[0]?.message);
  console.log(`published ${event.id}: ${deliveryCount} deliveries`);
  return { id: event.id, deliveryCount: deliveryCount ?? 0 };
}

async function deliveriesOf(eventId: string): Promise<Delivery[]> {
  const query = `query ($eventId: ID!) {
    deliveries(filter: { eventId: $eventId }, first: 100) { nodes { id status attemptCount event { id } } }
  }`;
  return (await ask<{ deliveries: { nodes: Delivery[] } }>(query, { eventId })).deliveries.nodes;
}

const FOLLOW = `subscription ($after: String) {
  deliveryUpdates(after: $after) { cursor gap updates { delivery { id status attemptCount event { id } } } }
}`;

const retried = new Map<string, number>(); // after how many attempts
const ended = new Set<string>();

async function lookAt({ id, status, attemptCount }: Delivery): Promise<void> {
  console.log(`${id} ${status} after ${attemptCount} attempts`);
  const before = retried.get(id);
  if (status === "FAILED" && before === undefined) {
    retried.set(id, attemptCount);
    await ask("mutation ($id: ID!) { retryDelivery(input: { id: $id }) { userErrors { message } } }", { id });
  } else if (status === "SUCCEEDED" || status === "CANCELED" || (status === "FAILED" && attemptCount > before!)) {
    ended.add(id);
  }
}

// The library sends this object again whenever it reconnects: with the latest cursor in it, no update is missed.
const variables: { after?: string } = {};
let event: { id: string; deliveryCount: number } | undefined;

for await (const { data, errors } of client.iterate<Updates>({ query: FOLLOW, variables })) {
  if (!data) throw new Error(errors?.[0]?.message);
  const { cursor, gap, updates } = data.deliveryUpdates;
  const isNew = !event;
  event ??= await publish(); // once it is followed, so nothing that happens to it can be missed
  // It may be an old event, or the connection was lost for longer than the server remembers.
  const changed = isNew || gap ? await deliveriesOf(event.id) : updates.map(({ delivery }) => delivery);
  for (const delivery of changed) {
    if (delivery.event.id === event.id) await lookAt(delivery);
  }
  variables.after = cursor;
  if (ended.size === event.deliveryCount) break;
}
await client.dispose();
