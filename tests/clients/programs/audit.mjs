// Runs the audits of GraphQL over HTTP by the authors of its specification, and prints the result of each.

import { auditServer } from "graphql-http";

const { SERVER_URL: url, API_KEY: key } = process.env;

const results = await auditServer({
  url,
  fetchFn: (address, { headers, ...rest } = {}) =>
    fetch(address, { ...rest, headers: { ...headers, authorization: `Bearer ${key}` } }),
});

for (const { id, name, status, reason } of results) {
  console.log(JSON.stringify({ id, name, status, reason }));
}
