// The CloudEvents SDK: publishes in binary and structured mode with its own transport, and a batch with fetch.

import { CloudEvent, emitterFor, HTTP, httpTransport, Mode } from "cloudevents";

import { authorization, say, url } from "./conversation.mjs";

const data = { ticket: { id: "tkt_1", subject: "The printer is on fire", status: "open" } };
// The SDK adds the present time, and an event that is repeated must be the same.
const time = "2026-11-23T10:00:00.000Z";
const event = (id) => new CloudEvent({ id, source: "/node", type: "ticket.created", time, subject: "tkt_1", data });

for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
  const emit = emitterFor(httpTransport(url), { binding: HTTP, mode });
  for (const id of [mode, mode, "shared"]) {
    const { body } = await emit(event(id), { headers: { authorization } });
    say({ mode, answer: JSON.parse(body) });
  }
}

const batch = [event("one"), event("two"), event("shared")].map((one) => one.toJSON());
const response = await fetch(url, {
  method: "POST",
  headers: { authorization, "content-type": "application/cloudevents-batch+json" },
  body: JSON.stringify(batch),
});
say({ mode: "batch", status: response.status, answer: await response.json() });
