// The behaviour of every client here, whatever its library: query, follow, publish once it follows, and run until it is
// ended. Each step is reported as one line of JSON on stdout.

export const { SERVER_URL: url, API_KEY: key } = process.env;
export const socketUrl = url.replace(/^http/, "ws");
export const authorization = `Bearer ${key}`;

export const WHO = /* GraphQL */ `
  query Who {
    viewer {
      workspace { id name }
      scopes
    }
  }
`;

export const PUBLISH = /* GraphQL */ `
  mutation Publish($input: PublishEventInput!) {
    publishEvent(input: $input) {
      event { id type }
      deliveryCount
      userErrors { path code message }
    }
  }
`;

export const FOLLOW = /* GraphQL */ `
  subscription Follow($after: String) {
    deliveryUpdates(after: $after, maxPerSecond: 50) {
      cursor
      gap
      updates {
        delivery { id status event { id } }
      }
    }
  }
`;

// A restarting server is away for seconds; a longer pause would only slow the tests down.
export const wait = () => new Promise((done) => setTimeout(done, 100));

// By default, graphql-ws gives up if the server refuses the connection, as it does while it restarts.
export const retrying = { retryAttempts: Infinity, retryWait: wait, shouldRetry: () => true };

export function say(line) {
  console.log(JSON.stringify(line));
}

// Sends `variables` with the cursor of the latest message in them, however often the library subscribes again.
export function remember(variables, { data }) {
  if (data) variables.after = data.deliveryUpdates.cursor;
}

// `ask(document, variables)` returns a promise of the answer; `follow(document, onResult)` calls back with each result.
export async function converse({ ask, follow }) {
  say({ viewer: (await ask(WHO, {})).data.viewer });
  let isFirst = true;
  follow(FOLLOW, async ({ data, errors, error }) => {
    if (errors || error) {
      say({ errors: errors ?? String(error) });
      return;
    }
    const { cursor, gap, updates } = data.deliveryUpdates;
    say({ cursor, gap, updates: updates.map(({ delivery }) => ({ event: delivery.event.id, status: delivery.status })) });
    if (isFirst) {
      isFirst = false;
      const input = { type: "ticket.created", data: { ticket: { id: "tkt_1", subject: "Hello", status: "new" } } };
      say({ published: (await ask(PUBLISH, { input })).data.publishEvent });
    }
  });
}

export function failed(error) {
  console.error("The subscription ended:", error);
  process.exit(1);
}
