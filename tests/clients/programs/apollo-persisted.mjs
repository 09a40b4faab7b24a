// Apollo Client 4 with automatic persisted queries: queries the same twice and follows, and reports what it sent meanwhile.

import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { authorization, failed, FOLLOW, say, socketUrl, url, WHO } from "./conversation.mjs";

const socket = createClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: authorization },
});

function fetchAndSay(address, options) {
  const parameters = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams);
  say({ sent: { method: options.method, hash: "extensions" in parameters, text: "query" in parameters } });
  return fetch(address, options);
}

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.from([
    new PersistedQueryLink({
      sha256: (text) => createHash("sha256").update(text).digest("hex"),
      useGETForHashedQueries: true,
    }),
    ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: url, headers: { authorization }, fetch: fetchAndSay }),
    ),
  ]),
});

for (const attempt of [1, 2]) {
  const { data } = await client.query({ query: gql(WHO), fetchPolicy: "no-cache" });
  say({ viewer: data.viewer, attempt });
}

client.subscribe({ query: gql(FOLLOW), fetchPolicy: "no-cache" }).subscribe({
  next: ({ data, error }) => {
    say({ follows: Boolean(data?.deliveryUpdates.cursor), error });
    socket.dispose();
  },
  error: failed,
});
