// Written by `python -m app.web.dashboard.declarations` from schema.graphql and the .graphql files.

export interface Operation<Data, Variables> {
  readonly name: string;
  readonly document: string;
  readonly __types?: (variables: Variables) => Data;
}

export type ViewerData = {
  viewer: {
    workspace: {
      id: string;
      name: string;
    };
    scopes: (Scope)[];
    apiKey: {
      id: string;
      name: string;
      hint: string;
    } | null;
  };
};
export type ViewerVariables = Record<PropertyKey, never>;
export const Viewer: Operation<ViewerData, ViewerVariables>;

export type WebhooksData = {
  webhooks: {
    totalCount: number;
    nodes: ({
      id: string;
      name: string;
      url: string;
      status: WebhookStatus;
      eventTypes: (string)[];
      statusReason: string | null;
      stats: {
        succeeded: number;
        failed: number;
        series: ({
          since: string;
          succeeded: number;
          failed: number;
        })[];
      };
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type WebhooksVariables = { filter?: WebhookFilter | null; first?: number | null; after?: string | null };
export const Webhooks: Operation<WebhooksData, WebhooksVariables>;

export type Scope = "READ" | "PUBLISH" | "MANAGE" | "SECRETS" | "ADMIN";
export type WebhookFilter = { statuses?: (WebhookStatus)[] | null; eventType?: string | null; search?: string | null };
export type WebhookStatus = "ACTIVE" | "PAUSED" | "DISABLED";
