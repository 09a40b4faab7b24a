// Written by `python -m app.web.dashboard.declarations` from schema.graphql and the .graphql files.

export interface Operation<Data, Variables> {
  readonly name: string;
  readonly document: string;
  readonly __types?: (variables: Variables) => Data;
}

export type ApiKeysData = {
  apiKeys: {
    nodes: ({
      id: string;
      name: string;
      hint: string;
      scopes: (Scope)[];
      allowedSources: (string)[];
      createdAt: string;
      expiresAt: string | null;
      lastUsedAt: string | null;
      revokedAt: string | null;
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type ApiKeysVariables = { first?: number | null; after?: string | null };
export const ApiKeys: Operation<ApiKeysData, ApiKeysVariables>;

export type AuditLogData = {
  auditLog: {
    nodes: ({
      id: string;
      at: string;
      actor: string;
      by: {
        kind: ActorKind;
        name: string | null;
      };
      action: string;
      subjectId: string | null;
      changes: unknown | null;
      sourceAddress: string | null;
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type AuditLogVariables = { filter?: AuditFilter | null; first?: number | null; after?: string | null };
export const AuditLog: Operation<AuditLogData, AuditLogVariables>;

export type CancelDeliveryData = {
  cancelDelivery: {
    delivery: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type CancelDeliveryVariables = { input: DeliveryIdInput };
export const CancelDelivery: Operation<CancelDeliveryData, CancelDeliveryVariables>;

export type CancelOperationData = {
  cancelOperation: {
    operation: {
      id: string;
      kindCode: OperationKind;
      status: OperationStatus;
      matched: number;
      done: number;
      createdAt: string;
      completedAt: string | null;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type CancelOperationVariables = { input: OperationIdInput };
export const CancelOperation: Operation<CancelOperationData, CancelOperationVariables>;

export type CatalogueData = {
  eventTypes: ({
    name: string;
    category: EventCategory;
    description: string;
    example: unknown;
    jsonSchema: unknown;
    archived: boolean;
  })[];
};
export type CatalogueVariables = Record<PropertyKey, never>;
export const Catalogue: Operation<CatalogueData, CatalogueVariables>;

export type CreateApiKeyData = {
  createApiKey: {
    apiKey: {
      id: string;
    } | null;
    key: string | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type CreateApiKeyVariables = { input: CreateApiKeyInput };
export const CreateApiKey: Operation<CreateApiKeyData, CreateApiKeyVariables>;

export type CreateEventTypeData = {
  createEventType: {
    eventType: {
      name: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type CreateEventTypeVariables = { input: CreateEventTypeInput };
export const CreateEventType: Operation<CreateEventTypeData, CreateEventTypeVariables>;

export type CreateWebhookData = {
  createWebhook: {
    webhook: {
      id: string;
      name: string;
      url: string;
    } | null;
    secret: string | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type CreateWebhookVariables = { input: CreateWebhookInput };
export const CreateWebhook: Operation<CreateWebhookData, CreateWebhookVariables>;

export type DeleteWebhookData = {
  deleteWebhook: {
    deletedId: string | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type DeleteWebhookVariables = { input: WebhookIdInput };
export const DeleteWebhook: Operation<DeleteWebhookData, DeleteWebhookVariables>;

export type DeliveriesData = {
  deliveries: {
    nodes: ({
      id: string;
      status: DeliveryStatus;
      attemptCount: number;
      nextAttemptAt: string | null;
      lastOutcome: AttemptOutcome | null;
      lastResponseStatus: number | null;
      createdAt: string;
      event: {
        id: string;
        type: string;
        test: boolean;
      };
      webhook: {
        id: string;
        name: string;
      };
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type DeliveriesVariables = { filter?: DeliveryFilter | null; first?: number | null; after?: string | null };
export const Deliveries: Operation<DeliveriesData, DeliveriesVariables>;

export type DeliveryCountData = {
  deliveries: {
    totalCount: {
      count: number;
      exact: boolean;
    };
  };
};
export type DeliveryCountVariables = { filter?: DeliveryFilter | null };
export const DeliveryCount: Operation<DeliveryCountData, DeliveryCountVariables>;

export type DeliveryDetailsData = {
  delivery: {
    id: string;
    status: DeliveryStatus;
    attemptCount: number;
    nextAttemptAt: string | null;
    lastOutcome: AttemptOutcome | null;
    lastResponseStatus: number | null;
    createdAt: string;
    event: {
      id: string;
      type: string;
      test: boolean;
    };
    webhook: {
      id: string;
      name: string;
    };
    completedAt: string | null;
    attempts: {
      nodes: ({
        id: string;
        number: number;
        trigger: AttemptTrigger;
        startedAt: string;
        durationMs: number;
        outcome: AttemptOutcome;
        error: string | null;
        remoteAddress: string | null;
        sentAgain: boolean;
        timing: {
          resolveMs: number | null;
          connectMs: number | null;
          tlsMs: number | null;
          sendMs: number | null;
          firstByteMs: number | null;
          totalMs: number;
          connectionReused: boolean;
        };
        request: {
          method: HttpMethod;
          url: string;
          headers: ({
            name: string;
            value: string;
          })[];
          body: string;
        };
        response: {
          status: number;
          headers: ({
            name: string;
            value: string;
          })[];
          body: string;
          truncated: boolean;
          stored: boolean;
        } | null;
      })[];
    };
  } | null;
};
export type DeliveryDetailsVariables = { id: string };
export const DeliveryDetails: Operation<DeliveryDetailsData, DeliveryDetailsVariables>;

export type DeliveryFilterChoicesData = {
  webhooks: {
    nodes: ({
      id: string;
      name: string;
    })[];
  };
  eventTypes: ({
    name: string;
  })[];
};
export type DeliveryFilterChoicesVariables = Record<PropertyKey, never>;
export const DeliveryFilterChoices: Operation<DeliveryFilterChoicesData, DeliveryFilterChoicesVariables>;

export type DeliveryNewsData = {
  deliveryUpdates: {
    cursor: string;
    gap: boolean;
    updates: ({
      delivery: {
        id: string;
        status: DeliveryStatus;
        attemptCount: number;
        nextAttemptAt: string | null;
        lastOutcome: AttemptOutcome | null;
        lastResponseStatus: number | null;
        createdAt: string;
        event: {
          id: string;
          type: string;
          test: boolean;
        };
        webhook: {
          id: string;
          name: string;
        };
      };
    })[];
  };
};
export type DeliveryNewsVariables = { filter?: DeliveryFilter | null; after?: string | null };
export const DeliveryNews: Operation<DeliveryNewsData, DeliveryNewsVariables>;

export type EventDetailsData = {
  event: {
    id: string;
    type: string;
    occurredAt: string;
    createdAt: string;
    body: string;
    test: boolean;
    idempotencyKey: string | null;
    orderingKey: string | null;
  } | null;
};
export type EventDetailsVariables = { id: string };
export const EventDetails: Operation<EventDetailsData, EventDetailsVariables>;

export type EventTypeChoicesData = {
  eventTypes: ({
    name: string;
    category: EventCategory;
    description: string;
    example: unknown;
    archived: boolean;
  })[];
};
export type EventTypeChoicesVariables = Record<PropertyKey, never>;
export const EventTypeChoices: Operation<EventTypeChoicesData, EventTypeChoicesVariables>;

export type EventTypeSchemasData = {
  eventTypes: ({
    name: string;
    category: EventCategory;
    description: string;
    example: unknown;
    jsonSchema: unknown;
    archived: boolean;
  })[];
};
export type EventTypeSchemasVariables = Record<PropertyKey, never>;
export const EventTypeSchemas: Operation<EventTypeSchemasData, EventTypeSchemasVariables>;

export type EventsData = {
  events: {
    nodes: ({
      id: string;
      type: string;
      occurredAt: string;
      test: boolean;
      orderingKey: string | null;
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type EventsVariables = { filter?: EventFilter | null; first?: number | null; after?: string | null };
export const Events: Operation<EventsData, EventsVariables>;

export type OneDeliveryNewsData = {
  deliveryUpdates: {
    cursor: string;
    updates: ({
      delivery: {
        id: string;
      };
    })[];
  };
};
export type OneDeliveryNewsVariables = { filter?: DeliveryFilter | null };
export const OneDeliveryNews: Operation<OneDeliveryNewsData, OneDeliveryNewsVariables>;

export type OperationProgressData = {
  operation: {
    id: string;
    kindCode: OperationKind;
    status: OperationStatus;
    matched: number;
    done: number;
    createdAt: string;
    completedAt: string | null;
  } | null;
};
export type OperationProgressVariables = { id: string };
export const OperationProgress: Operation<OperationProgressData, OperationProgressVariables>;

export type OperationsData = {
  operations: {
    nodes: ({
      id: string;
      kindCode: OperationKind;
      status: OperationStatus;
      matched: number;
      done: number;
      createdAt: string;
      completedAt: string | null;
      createdBy: {
        kind: ActorKind;
        name: string | null;
      };
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type OperationsVariables = { first?: number | null; after?: string | null };
export const Operations: Operation<OperationsData, OperationsVariables>;

export type PauseWebhookData = {
  pauseWebhook: {
    webhook: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type PauseWebhookVariables = { input: WebhookIdInput };
export const PauseWebhook: Operation<PauseWebhookData, PauseWebhookVariables>;

export type PingWebhookData = {
  pingWebhook: {
    delivery: {
      id: string;
      status: DeliveryStatus;
    } | null;
    attempt: {
      id: string;
      outcome: AttemptOutcome;
      error: string | null;
      response: {
        status: number;
      } | null;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type PingWebhookVariables = { input: PingWebhookInput };
export const PingWebhook: Operation<PingWebhookData, PingWebhookVariables>;

export type PreviewFilterData = {
  previewFilter: {
    looked: number | null;
    matched: number | null;
    events: ({
      id: string;
      type: string;
    })[] | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type PreviewFilterVariables = { input: PreviewFilterInput };
export const PreviewFilter: Operation<PreviewFilterData, PreviewFilterVariables>;

export type PublishEventData = {
  publishEvent: {
    event: {
      id: string;
    } | null;
    deliveryCount: number | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type PublishEventVariables = { input: PublishEventInput };
export const PublishEvent: Operation<PublishEventData, PublishEventVariables>;

export type ReplayMissedData = {
  replayEvents: {
    matched: number | null;
    operation: {
      id: string;
      kindCode: OperationKind;
      status: OperationStatus;
      matched: number;
      done: number;
      createdAt: string;
      completedAt: string | null;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type ReplayMissedVariables = { input: ReplayEventsInput };
export const ReplayMissed: Operation<ReplayMissedData, ReplayMissedVariables>;

export type ResumeWebhookData = {
  resumeWebhook: {
    webhook: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type ResumeWebhookVariables = { input: WebhookIdInput };
export const ResumeWebhook: Operation<ResumeWebhookData, ResumeWebhookVariables>;

export type RetryDeliveryData = {
  retryDelivery: {
    delivery: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type RetryDeliveryVariables = { input: DeliveryIdInput };
export const RetryDelivery: Operation<RetryDeliveryData, RetryDeliveryVariables>;

export type RetryFailedData = {
  retryDeliveries: {
    matched: number | null;
    operation: {
      id: string;
      kindCode: OperationKind;
      status: OperationStatus;
      matched: number;
      done: number;
      createdAt: string;
      completedAt: string | null;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type RetryFailedVariables = { input: RetryDeliveriesInput };
export const RetryFailed: Operation<RetryFailedData, RetryFailedVariables>;

export type RevealSecretData = {
  revealWebhookSecret: {
    secret: string | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type RevealSecretVariables = { input: WebhookIdInput };
export const RevealSecret: Operation<RevealSecretData, RevealSecretVariables>;

export type RevokeApiKeyData = {
  revokeApiKey: {
    apiKey: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type RevokeApiKeyVariables = { input: ApiKeyIdInput };
export const RevokeApiKey: Operation<RevokeApiKeyData, RevokeApiKeyVariables>;

export type RotateSecretData = {
  rotateWebhookSecret: {
    secret: string | null;
    webhook: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type RotateSecretVariables = { input: RotateWebhookSecretInput };
export const RotateSecret: Operation<RotateSecretData, RotateSecretVariables>;

export type TestConnectionData = {
  testConnection: {
    ok: boolean | null;
    steps: ({
      name: ConnectionStepName;
      ok: boolean;
      durationMs: number;
      detail: string;
    })[] | null;
    response: {
      status: number;
      body: string;
      truncated: boolean;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type TestConnectionVariables = { input: TestConnectionInput };
export const TestConnection: Operation<TestConnectionData, TestConnectionVariables>;

export type TestWebhookData = {
  testWebhook: {
    ok: boolean | null;
    steps: ({
      name: ConnectionStepName;
      ok: boolean;
      durationMs: number;
      detail: string;
    })[] | null;
    response: {
      status: number;
      body: string;
      truncated: boolean;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type TestWebhookVariables = { input: TestWebhookInput };
export const TestWebhook: Operation<TestWebhookData, TestWebhookVariables>;

export type UpdateEventTypeData = {
  updateEventType: {
    eventType: {
      name: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type UpdateEventTypeVariables = { input: UpdateEventTypeInput };
export const UpdateEventType: Operation<UpdateEventTypeData, UpdateEventTypeVariables>;

export type UpdateWebhookData = {
  updateWebhook: {
    webhook: {
      id: string;
    } | null;
    userErrors: ({
      message: string;
      path: (string)[];
      code: UserErrorCode;
    })[];
  };
};
export type UpdateWebhookVariables = { input: UpdateWebhookInput };
export const UpdateWebhook: Operation<UpdateWebhookData, UpdateWebhookVariables>;

export type ViewerData = {
  viewer: {
    workspace: {
      id: string;
      name: string;
    };
    scopes: (Scope)[];
    expiresAt: string | null;
    webhookIds: (string)[] | null;
    apiKey: {
      id: string;
      name: string;
      hint: string;
    } | null;
  };
};
export type ViewerVariables = Record<PropertyKey, never>;
export const Viewer: Operation<ViewerData, ViewerVariables>;

export type WebhookChoicesData = {
  webhooks: {
    nodes: ({
      id: string;
      name: string;
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type WebhookChoicesVariables = { after?: string | null };
export const WebhookChoices: Operation<WebhookChoicesData, WebhookChoicesVariables>;

export type WebhookCountsData = {
  webhooks: {
    nodes: ({
      id: string;
      stats: {
        complete: boolean;
        series: ({
          since: string;
          succeeded: number;
          failed: number;
        })[];
      };
    })[];
  };
};
export type WebhookCountsVariables = { filter?: WebhookFilter | null; orderBy?: WebhookOrder | null; first?: number | null; after?: string | null };
export const WebhookCounts: Operation<WebhookCountsData, WebhookCountsVariables>;

export type WebhookDetailsData = {
  webhook: {
    id: string;
    name: string;
    url: string;
    description: string | null;
    status: WebhookStatus;
    statusReason: string | null;
    statusChangedAt: string;
    eventTypes: (string)[];
    filter: string | null;
    health: {
      state: HealthState;
      reason: string;
      failingSince: string | null;
      disablesAt: string | null;
      nextProbeAt: string | null;
      backlog: number;
      oldestWaitingAt: string | null;
      lastSuccessAt: string | null;
      lastFailureAt: string | null;
      lastFailure: {
        id: string;
        error: string | null;
        response: {
          status: number;
        } | null;
      } | null;
    };
    method: HttpMethod;
    timeoutSeconds: number;
    verifySsl: boolean;
    ipAllowlist: (string)[];
    rateLimitPerSecond: number | null;
    maxInFlight: number;
    rotateSecretEveryDays: number | null;
    nextSecretRotationAt: string | null;
    createdAt: string;
    updatedAt: string;
    headers: ({
      name: string;
      value: string;
    })[];
    authentication: {
      kind: AuthenticationKind;
      username: string | null;
    };
    retryPolicy: {
      delaysSeconds: (number)[];
    };
    secrets: ({
      id: string;
      status: SecretStatus;
      hint: string;
      createdAt: string;
      expiresAt: string | null;
      publicKey: string | null;
    })[];
    stats: {
      complete: boolean;
      succeeded: number;
      failed: number;
      pending: number;
      attempts: number;
      successRate: number | null;
      latencyMs: {
        p50: number | null;
        p95: number | null;
        p99: number | null;
      };
      groups: ({
        key: string;
        deliveries: number;
      })[];
      series: ({
        since: string;
        succeeded: number;
        failed: number;
        latencyMs: {
          p50: number | null;
          p95: number | null;
          p99: number | null;
        };
      })[];
    };
  } | null;
  problems: {
    nodes: ({
      id: string;
      cause: string;
      failures: number;
      openedAt: string;
      affected: {
        count: number;
        exact: boolean;
      };
      example: {
        delivery: {
          id: string;
        };
      } | null;
    })[];
  };
};
export type WebhookDetailsVariables = { id: string; since?: string | null };
export const WebhookDetails: Operation<WebhookDetailsData, WebhookDetailsVariables>;

export type WebhookNewsData = {
  webhookChanges: {
    cursor: string;
    updates: ({
      kind: ChangeKind;
    })[];
  };
};
export type WebhookNewsVariables = { webhookId?: string | null; after?: string | null };
export const WebhookNews: Operation<WebhookNewsData, WebhookNewsVariables>;

export type WebhookSettingsData = {
  webhook: {
    id: string;
    name: string;
    url: string;
    description: string | null;
    eventTypes: (string)[];
    filter: string | null;
    method: HttpMethod;
    contentType: string;
    timeoutSeconds: number;
    verifySsl: boolean;
    ipAllowlist: (string)[];
    headers: ({
      name: string;
      value: string;
    })[];
    authentication: {
      kind: AuthenticationKind;
      username: string | null;
    };
    signatureScheme: SignatureScheme;
    rotateSecretEveryDays: number | null;
    rateLimitPerSecond: number | null;
    maxInFlight: number;
    metadata: unknown;
    retryPolicy: {
      delaysSeconds: (number)[];
    };
  } | null;
};
export type WebhookSettingsVariables = { id: string };
export const WebhookSettings: Operation<WebhookSettingsData, WebhookSettingsVariables>;

export type WebhooksData = {
  webhooks: {
    nodes: ({
      id: string;
      name: string;
      url: string;
      eventTypes: (string)[];
      health: {
        state: HealthState;
        reason: string;
        lastSuccessAt: string | null;
        lastFailureAt: string | null;
      };
    })[];
    pageInfo: {
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
};
export type WebhooksVariables = { filter?: WebhookFilter | null; orderBy?: WebhookOrder | null; first?: number | null; after?: string | null };
export const Webhooks: Operation<WebhooksData, WebhooksVariables>;

export type AttemptDetails = {
  id: string;
  number: number;
  trigger: AttemptTrigger;
  startedAt: string;
  durationMs: number;
  outcome: AttemptOutcome;
  error: string | null;
  remoteAddress: string | null;
  sentAgain: boolean;
  timing: {
    resolveMs: number | null;
    connectMs: number | null;
    tlsMs: number | null;
    sendMs: number | null;
    firstByteMs: number | null;
    totalMs: number;
    connectionReused: boolean;
  };
  request: {
    method: HttpMethod;
    url: string;
    headers: ({
      name: string;
      value: string;
    })[];
    body: string;
  };
  response: {
    status: number;
    headers: ({
      name: string;
      value: string;
    })[];
    body: string;
    truncated: boolean;
    stored: boolean;
  } | null;
};
export type DeliveryRow = {
  id: string;
  status: DeliveryStatus;
  attemptCount: number;
  nextAttemptAt: string | null;
  lastOutcome: AttemptOutcome | null;
  lastResponseStatus: number | null;
  createdAt: string;
  event: {
    id: string;
    type: string;
    test: boolean;
  };
  webhook: {
    id: string;
    name: string;
  };
};
export type EventTypeFields = {
  name: string;
  category: EventCategory;
  description: string;
  example: unknown;
  archived: boolean;
};
export type OperationRow = {
  id: string;
  kindCode: OperationKind;
  status: OperationStatus;
  matched: number;
  done: number;
  createdAt: string;
  completedAt: string | null;
};
export type TriedConnection = {
  ok: boolean | null;
  steps: ({
    name: ConnectionStepName;
    ok: boolean;
    durationMs: number;
    detail: string;
  })[] | null;
  response: {
    status: number;
    body: string;
    truncated: boolean;
  } | null;
  userErrors: ({
    message: string;
    path: (string)[];
    code: UserErrorCode;
  })[];
};

export type ActorKind = "PERSON" | "API_KEY" | "ACCESS_TOKEN" | "SYSTEM" | "COMMAND_LINE";
export type ApiKeyIdInput = { id: string };
export type AttemptOutcome = "SUCCEEDED" | "HTTP_ERROR" | "TIMEOUT" | "DNS_ERROR" | "CONNECTION_ERROR" | "TLS_ERROR" | "ADDRESS_BLOCKED" | "PROTOCOL_ERROR";
export type AttemptTrigger = "FIRST" | "RETRY" | "MANUAL" | "REPLAY" | "TEST";
export type AuditFilter = { subjectId?: string | null; actorId?: string | null; actions?: (string)[] | null; time?: TimeRange | null };
export type AuthenticationKind = "NONE" | "BEARER" | "BASIC";
export type ChangeKind = "CREATED" | "UPDATED" | "DELETED";
export type ConnectionStepName = "RESOLVE" | "CONNECT" | "TLS" | "REQUEST" | "RESPONSE";
export type CreateApiKeyInput = { name: string; scopes: (Scope)[]; allowedSources?: (string)[] | null; expiresAt?: string | null };
export type CreateEventTypeInput = { name: string; description: string; jsonSchema?: unknown | null; example?: unknown | null; keepBodies?: (KeepBodies)[] | null; keepBodiesDays?: number | null; redact?: (string)[] | null };
export type CreateWebhookInput = { name: string; url: string; eventTypes: (string)[]; description?: string | null; filter?: string | null; secret?: string | null; method?: HttpMethod | null; timeoutSeconds?: number | null; verifySsl?: boolean | null; ipAllowlist?: (string)[] | null; headers?: (HeaderInput)[] | null; authentication?: AuthenticationInput | null; signatureScheme?: SignatureScheme | null; rotateSecretEveryDays?: number | null; retryPolicy?: RetryPolicyInput | null; rateLimitPerSecond?: number | null; maxInFlight?: number | null; metadata?: unknown | null; externalId?: string | null };
export type DeliveryFilter = { webhookId?: string | null; eventId?: string | null; eventTypes?: (string)[] | null; statuses?: (DeliveryStatus)[] | null; time?: TimeRange | null; ids?: (string)[] | null; outcomes?: (AttemptOutcome)[] | null; responseStatus?: IntRange | null; includeTests?: boolean | null; data?: (DataCondition)[] | null; search?: string | null };
export type DeliveryIdInput = { id: string };
export type DeliveryStatus = "PENDING" | "RETRYING" | "SUCCEEDED" | "FAILED" | "CANCELED";
export type EventCategory = "CONVERSATION" | "TICKET" | "AGENT" | "SYSTEM" | "OPERATIONAL" | "CUSTOM";
export type EventFilter = { types?: (string)[] | null; time?: TimeRange | null; data?: (DataCondition)[] | null; search?: string | null; idempotencyKey?: string | null; includeTests?: boolean | null };
export type HealthState = "HEALTHY" | "FAILING" | "BREAKER_OPEN" | "RATE_LIMITED" | "PAUSED" | "DISABLED" | "IDLE";
export type HttpMethod = "POST" | "PUT";
export type OperationIdInput = { id: string };
export type OperationKind = "RETRY_DELIVERIES" | "CANCEL_DELIVERIES" | "REPLAY_EVENTS" | "ERASE_DATA";
export type OperationStatus = "RUNNING" | "COMPLETED" | "CANCELED" | "FAILED";
export type PingWebhookInput = { id: string; eventType?: string | null };
export type PreviewFilterInput = { filter?: string | null; eventTypes?: (string)[] | null; since?: string | null };
export type PublishEventInput = { type: string; data: unknown; occurredAt?: string | null; idempotencyKey?: string | null; orderingKey?: string | null };
export type ReplayEventsInput = { webhookId: string; time: TimeRange; eventTypes?: (string)[] | null; onlyMissing?: boolean | null; dryRun?: boolean | null };
export type RetryDeliveriesInput = { filter?: DeliveryFilter | null; problemId?: string | null; dryRun?: boolean | null };
export type RotateWebhookSecretInput = { id: string; secret?: string | null; overlapSeconds?: number | null };
export type Scope = "READ" | "PUBLISH" | "MANAGE" | "SECRETS" | "ADMIN" | "INSTALLATION" | "FEED";
export type SecretStatus = "CURRENT" | "EXPIRING";
export type SignatureScheme = "HMAC_SHA256" | "ED25519";
export type TestConnectionInput = { webhook: CreateWebhookInput; eventType?: string | null };
export type TestWebhookInput = { id: string; changes?: UpdateWebhookInput | null; eventId?: string | null; eventType?: string | null };
export type UpdateEventTypeInput = { name: string; description?: string | null; jsonSchema?: unknown | null; example?: unknown | null; archived?: boolean | null; keepBodies?: (KeepBodies)[] | null; keepBodiesDays?: number | null; redact?: (string)[] | null };
export type UpdateWebhookInput = { id: string; name?: string | null; url?: string | null; eventTypes?: (string)[] | null; description?: string | null; filter?: string | null; method?: HttpMethod | null; timeoutSeconds?: number | null; verifySsl?: boolean | null; ipAllowlist?: (string)[] | null; headers?: (HeaderInput)[] | null; authentication?: AuthenticationInput | null; rotateSecretEveryDays?: number | null; retryPolicy?: RetryPolicyInput | null; rateLimitPerSecond?: number | null; maxInFlight?: number | null; metadata?: unknown | null; externalId?: string | null; ifUpdatedAt?: string | null };
export type UserErrorCode = "INVALID" | "REQUIRED" | "NOT_FOUND" | "TAKEN" | "TOO_LONG" | "TOO_MANY" | "URL_NOT_ALLOWED" | "INVALID_PAYLOAD" | "INVALID_FILTER" | "CONFLICT";
export type WebhookFilter = { statuses?: (WebhookStatus)[] | null; eventType?: string | null; search?: string | null; health?: (HealthState)[] | null; metadata?: unknown | null; externalIds?: (string)[] | null };
export type WebhookIdInput = { id: string };
export type WebhookOrder = { field: WebhookOrderField; direction: OrderDirection };
export type WebhookStatus = "ACTIVE" | "PAUSED" | "DISABLED";
export type AuthenticationInput = { bearer?: string | null; basic?: BasicAuthInput | null; none?: boolean | null };
export type DataCondition = { path: string; equals: unknown };
export type HeaderInput = { name: string; value: string; sensitive?: boolean | null };
export type IntRange = { from?: number | null; to?: number | null };
export type KeepBodies = "DAYS" | "UNTIL_SUCCESS" | "NEVER_RESPONSES";
export type OrderDirection = "ASC" | "DESC";
export type RetryPolicyInput = { delaysSeconds: (number)[] };
export type TimeRange = { since?: string | null; until?: string | null };
export type WebhookOrderField = "CREATED_AT" | "NAME" | "LAST_FAILURE_AT";
export type BasicAuthInput = { username: string; password: string };
