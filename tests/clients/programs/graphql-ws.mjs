// graphql-ws alone, everything over one socket.

import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { authorization, converse, failed, remember, retrying, socketUrl } from "./conversation.mjs";

const client = createClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: authorization },
  ...retrying,
});

await converse({
  ask: (query, variables) =>
    new Promise((next, error) => client.subscribe({ query, variables }, { next, error, complete() {} })),
  follow(query, onResult) {
    const variables = {};
    const next = (result) => {
      remember(variables, result);
      onResult(result);
    };
    client.subscribe({ query, variables }, { next, error: failed, complete: failed });
  },
});
