// The same as follow-with-tokens.mjs with Apollo Client: a page that stays open for longer than its token lives.
//
//     npm install
//     EEV_URL=http://127.0.0.1:8000/graphql TOKEN_URL=http://127.0.0.1:3000/token node follow-with-tokens-apollo.mjs

import { setTimeout as sleep } from "node:timers/promises";

import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { tap } from "rxjs";
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

const socket = createClient({
  url: EEV_URL.replace(/^http/, "ws"),
  webSocketImpl: WebSocket,
  // A function is called for every connection, so each begins with a token of its own.
  connectionParams: async () => ({ Authorization: `Bearer ${await freshToken()}` }),
  // The server closes the socket with 4403 when the token expires; the library then connects again, after a random time.
  retryAttempts: Infinity,
  shouldRetry: () => true,
  on: { closed: ({ code, reason }) => console.error(`closed with ${code}: ${reason}`) },
});

// graphql-ws sends `operation.variables` again whenever it connects again: with the latest cursor in it, nothing is missed.
const rememberCursor = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      if (data) operation.variables.after = data.deliveryUpdates.cursor;
    }),
  ),
);

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.from([rememberCursor, new GraphQLWsLink(socket)]),
});

const FOLLOW = gql`
  subscription Follow($after: String) {
    deliveryUpdates(after: $after) { cursor gap updates { status delivery { id event { id } } } }
  }
`;

client.subscribe({ query: FOLLOW, variables: {}, fetchPolicy: "no-cache" }).subscribe({
  next({ data, error }) {
    if (error) throw error;
    const { gap, updates } = data.deliveryUpdates;
    console.log(JSON.stringify({ gap, updates: updates.map(({ status, delivery }) => [delivery.event.id, status]) }));
  },
});
