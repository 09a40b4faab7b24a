// graphql-sse in distinct connections mode, its default: each operation is a separate request.

import { createClient } from "graphql-sse";

import { authorization, converse, failed, remember, url, wait } from "./conversation.mjs";

const client = createClient({ url, headers: { authorization }, retryAttempts: Infinity, retry: wait });

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
