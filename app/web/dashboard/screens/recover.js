/** "Recover": sends again what failed, or what a webhook missed, since a time. A count first, then the progress. */

import { ask, changeFilters, Component, counted, el, fill, place } from "../lib/index.js";
import { ReplayMissed, RetryFailed, WebhookChoices } from "../operations.js";
import { act, button, field, operationProgress, show } from "../parts/index.js";

const HOUR_MS = 3_600_000;

class RecoverScreen extends Component {
  outcome = el("div");
  progress = el("div");
  what = el("select", {}, el("option", { value: "failed" }, "Deliveries that failed"), el("option", { value: "missed" }, "Events that were missed"));
  webhook = el("select");
  /** @type {{ id: string, name: string }[]} */
  webhooks = [];
  since = el("input", { type: "datetime-local", value: local(Date.now() - HOUR_MS) });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const body = el("div", { class: "narrow stack" });
    this.replaceChildren(el("h1", {}, "Recover"), body, this.outcome, this.progress);
    const running = place().search.getAll("operation");
    fill(this.progress, running.map((id) => el("div", { class: "paper" }, operationProgress({ id }, leaving))));
    show(body, leaving, async () => {
      this.webhooks = await everyWebhook(leaving);
      fill(this.webhook, el("option", { value: "" }, "All webhooks"), this.webhooks.map(({ id, name }) => el("option", { value: id, selected: id === place().search.get("webhook") }, name)));
      return [field("What", this.what, { hint: "Failed deliveries include those that wait for their next retry." }), field("Webhook", this.webhook), field("Since", this.since), el("div", {}, button("Count", () => this.count(), "primary"))];
    });
  }

  async count() {
    const payload = await act(this.outcome, () => this.run(true), "Counted.");
    if (!payload) return;
    const { matched } = payload;
    const [one, many] = this.what.value === "failed" ? ["failed delivery is tried again.", "failed deliveries are tried again."] : ["missed event is sent.", "missed events are sent."];
    const go = button("Recover them", () => this.begin(), "primary");
    fill(this.outcome, el("div", { class: "notice", role: "status" }, el("p", {}, matched > 0 ? counted(matched, one, many) : "There is nothing to recover."), matched > 0 && go));
  }

  async begin() {
    const payload = await act(this.outcome, () => this.run(false), "The recovery has begun.");
    if (payload) changeFilters({ operation: payload.operations });
  }

  /** Counts or begins what is chosen: one operation, or one for each webhook that missed events. @param {boolean} dryRun */
  async run(dryRun) {
    const time = { since: new Date(this.since.value).toISOString() };
    const chosen = this.webhook.value || null;
    const payloads = [];
    if (this.what.value === "failed") {
      payloads.push((await ask(RetryFailed, { input: { dryRun, filter: { webhookId: chosen, statuses: ["FAILED", "RETRYING"], time } } })).retryDeliveries);
    } else {
      for (const webhookId of chosen ? [chosen] : this.webhooks.map(({ id }) => id)) {
        payloads.push((await ask(ReplayMissed, { input: { dryRun, webhookId, time, onlyMissing: true } })).replayEvents);
      }
    }
    return {
      matched: payloads.reduce((sum, { matched }) => sum + (matched ?? 0), 0),
      operations: payloads.flatMap(({ operation }) => (operation?.matched ? [operation.id] : [])),
      userErrors: payloads.flatMap(({ userErrors }) => userErrors),
    };
  }
}
customElements.define("eev-recover", RecoverScreen);

/** All webhooks, whatever their number. @param {AbortSignal} leaving */
async function everyWebhook(leaving) {
  const found = [];
  /** @type {string | null} */
  let after = null;
  do {
    const { webhooks } = /** @type {import("../operations.js").WebhookChoicesData} */ (await ask(WebhookChoices, { after }, leaving));
    found.push(...webhooks.nodes);
    after = webhooks.pageInfo.hasNextPage ? webhooks.pageInfo.endCursor : null;
  } while (after !== null);
  return found;
}

/** A time as an input of kind datetime-local takes it. @param {number} milliseconds */
function local(milliseconds) {
  const zone = new Date(milliseconds).getTimezoneOffset() * 60_000;
  return new Date(milliseconds - zone).toISOString().slice(0, 16);
}
