/** Sends a test event to a webhook and says how it ended, with a link to the delivery. */

import { act } from "./act.js";
import { address, ask, el, fill } from "../lib/index.js";
import { PingWebhook } from "../operations.js";

/** @type {(id: string, outcome: Element) => Promise<void>} outcome: where the result is shown */
export async function ping(id, outcome) {
  const payload = await act(outcome, async () => (await ask(PingWebhook, { input: { id } })).pingWebhook, "The test event was sent.");
  if (!payload) return;
  const { attempt, delivery } = payload;
  const good = attempt?.outcome === "SUCCEEDED";
  const text = attempt?.error ?? (attempt?.response ? `The receiver answered ${attempt.response.status}.` : "There was no response.");
  fill(outcome, el("p", { class: `notice ${good ? "" : "bad"}`, role: "status" }, text, " ", delivery && el("a", { href: address(["deliveries", delivery.id]) }, "See the delivery")));
}
