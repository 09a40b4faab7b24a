// Apollo Client 4: queries and mutations over HTTP, subscriptions over graphql-ws.

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { tap } from "rxjs";
import WebSocket from "ws";

import { authorization, converse, failed, remember, retrying, socketUrl, url } from "./conversation.mjs";

const socket = createClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: authorization },
  ...retrying,
});

const rememberCursor = new ApolloLink((operation, forward) =>
  forward(operation).pipe(tap((result) => remember(operation.variables, result))),
);

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    ApolloLink.from([rememberCursor, new GraphQLWsLink(socket)]),
    new HttpLink({ uri: url, headers: { authorization } }),
  ),
});

await converse({
  ask: (text, variables) =>
    text.includes("mutation")
      ? client.mutate({ mutation: gql(text), variables })
      : client.query({ query: gql(text), variables }),
  follow(text, onResult) {
    client
      .subscribe({ query: gql(text), variables: {}, fetchPolicy: "no-cache" })
      .subscribe({ next: onResult, error: failed, complete: failed });
  },
});
