// Follows deliveries with access tokens that expire: a page that stays open for longer than its token lives.
//
//     npm install
//     EEV_URL=http://127.0.0.1:8000/graphql TOKEN_URL=http://127.0.0.1:3000/token node follow-with-tokens.mjs
//
// TOKEN_URL is your own server: it knows who is signed in, and answers {"token": "…"} with a new token of
// `createAccessToken`. In a browser, leave `webSocketImpl` out.

import { setTimeout as sleep } from "node:timers/promises";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { EEV_URL = "http://127.0.0.1:8000/graphql", TOKEN_URL = "http://127.0.0.1:3000/token" } = process.env;

async function freshToken() {
  for (;;) {
    try {
      const answer = await fetch(TOKEN_URL, { method: "POST", signal: AbortSignal.timeout(5_000) });
      if (answer.ok) return (await answer.json()).token;
    } catch {
      // The server is away, as the other one may be; an error here would end the client.
    }
    await sleep(1_000);
  }
}

const client = createClient({
  url: EEV_URL.replace(/^http/, "ws"),
  webSocketImpl: WebSocket,
  // A function is called for every connection, so each begins with a token of its own.
  connectionParams: async () => ({ Authorization: `Bearer ${await freshToken()}` }),
  // The server closes the socket with 4403 when the token expires; the library then connects again, after a random time.
  retryAttempts: Infinity,
  shouldRetry: () => true,
  on: { closed: ({ code, reason }) => console.error(`closed with ${code}: ${reason}`) },
});

const FOLLOW = `subscription ($after: String) {
  deliveryUpdates(after: $after) { cursor gap updates { status delivery { id event { id } } } }
}`;

// The library sends this object again whenever it connects again: with the latest cursor in it, nothing is missed.
const variables = {};

for await (const { data, errors } of client.iterate({ query: FOLLOW, variables })) {
  if (!data) throw new Error(errors[0].message);
  const { cursor, gap, updates } = data.deliveryUpdates;
  variables.after = cursor;
  console.log(JSON.stringify({ gap, updates: updates.map(({ status, delivery }) => [delivery.event.id, status]) }));
}
