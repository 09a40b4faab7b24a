// Features that Relay's compiler supports only if the schema follows its conventions: connections, nodes, edges' cursors.

import { graphql } from "relay-runtime";

export const query = graphql`
  query WebhooksQuery($count: Int!) {
    ...Webhooks_list @arguments(count: $count)
  }
`;

export const list = graphql`
  fragment Webhooks_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "WebhooksPaginationQuery") {
    webhooks(first: $count, after: $cursor) @connection(key: "Webhooks_webhooks") {
      totalCount
      edges {
        node {
          id
          name
          status
          ...Webhooks_deliveries
        }
      }
    }
  }
`;

// Refetched by the ID of the webhook, through Query.node.
export const deliveries = graphql`
  fragment Webhooks_deliveries on Webhook
  @argumentDefinitions(count: { type: "Int", defaultValue: 5 }, cursor: { type: "String" })
  @refetchable(queryName: "WebhooksDeliveriesPaginationQuery") {
    deliveries(last: $count, before: $cursor, filter: { statuses: [FAILED, RETRYING] })
      @connection(key: "Webhooks_deliveries", filters: []) {
      edges {
        node {
          id
          status
          event {
            type
            data
          }
        }
      }
    }
  }
`;

export const created = graphql`
  mutation WebhooksCreateMutation($input: CreateWebhookInput!, $connections: [ID!]!) {
    createWebhook(input: $input) {
      webhook @appendNode(connections: $connections, edgeTypeName: "WebhookEdge") {
        id
        name
      }
      userErrors {
        path
        code
        message
      }
    }
  }
`;

export const removed = graphql`
  mutation WebhooksDeleteMutation($input: WebhookIdInput!, $connections: [ID!]!) {
    deleteWebhook(input: $input) {
      deletedId @deleteEdge(connections: $connections)
    }
  }
`;

export const updates = graphql`
  subscription WebhooksSubscription($after: String) {
    deliveryUpdates(after: $after) {
      cursor
      updates {
        delivery {
          id
          status
          lastOutcome
        }
      }
    }
  }
`;
