// urql: queries and mutations over HTTP, subscriptions over graphql-ws.

import { cacheExchange, Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { pipe, subscribe } from "wonka";
import WebSocket from "ws";

import { authorization, converse, remember, retrying, socketUrl, url } from "./conversation.mjs";

const socket = createClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: authorization },
  ...retrying,
});

function forwardSubscription({ query, variables: given }) {
  const variables = { ...given };
  return {
    subscribe(sink) {
      const next = (result) => {
        remember(variables, result);
        sink.next(result);
      };
      return { unsubscribe: socket.subscribe({ query, variables }, { ...sink, next }) };
    },
  };
}

const client = new Client({
  url,
  fetchOptions: { headers: { authorization } },
  exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })],
});

await converse({
  ask: (text, variables) =>
    (text.includes("mutation") ? client.mutation(text, variables) : client.query(text, variables)).toPromise(),
  follow(text, onResult) {
    pipe(client.subscription(text, {}), subscribe(onResult));
  },
});
