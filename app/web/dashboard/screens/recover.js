/** "Recover": sends again what failed, or what a webhook missed, since a time. A count first, then the progress. */

import { ask } from "../lib/api.js";
import { Component } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { changeFilters, place } from "../lib/router.js";
import { DeliveryFilterChoices, ReplayMissed, RetryFailed } from "../operations.js";
import { act } from "../parts/act.js";
import { field } from "../parts/form.js";
import { operationProgress } from "../parts/operation.js";
import { show } from "../parts/states.js";

const HOUR_MS = 3_600_000;

class RecoverScreen extends Component {
  outcome = el("div");
  progress = el("div");
  what = el("select", {}, el("option", { value: "failed" }, "Deliveries that failed"), el("option", { value: "missed" }, "Events that the webhook missed"));
  webhook = el("select");
  since = el("input", { type: "datetime-local", value: local(Date.now() - HOUR_MS) });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const body = el("div", { class: "narrow stack" });
    this.replaceChildren(el("h1", {}, "Recover"), body, this.outcome, this.progress);
    const running = place().search.get("operation");
    if (running) fill(this.progress, el("div", { class: "paper" }, operationProgress({ id: running }, leaving)));
    show(body, leaving, async () => {
      const { webhooks } = await ask(DeliveryFilterChoices, {}, leaving);
      fill(this.webhook, el("option", { value: "" }, "All webhooks"), webhooks.nodes.map(({ id, name }) => el("option", { value: id, selected: id === place().search.get("webhook") }, name)));
      return [field("What", this.what), field("Webhook", this.webhook), field("Since", this.since), el("div", {}, el("button", { type: "button", class: "primary", onclick: () => this.count() }, "Count"))];
    });
  }

  async count() {
    const payload = await act(this.outcome, () => this.run(true), "Counted.");
    if (!payload) return;
    const matched = payload.matched ?? 0;
    const text = `${number(matched)} ${this.what.value === "failed" ? "failed deliveries are tried again" : "missed events are sent"}.`;
    const go = el("button", { type: "button", class: "primary", onclick: () => this.begin() }, "Recover them");
    fill(this.outcome, el("div", { class: "notice", role: "status" }, el("p", {}, matched > 0 ? text : "There is nothing to recover."), matched > 0 && go));
  }

  async begin() {
    const payload = await act(this.outcome, () => this.run(false), "The recovery has begun.");
    if (payload?.operation) changeFilters({ operation: payload.operation.id });
  }

  /** @param {boolean} dryRun */
  async run(dryRun) {
    const webhookId = this.webhook.value || null;
    const time = { since: new Date(this.since.value).toISOString() };
    if (this.what.value === "failed") {
      return (await ask(RetryFailed, { input: { dryRun, filter: { webhookId, statuses: ["FAILED"], time } } })).retryDeliveries;
    }
    if (webhookId === null) throw new Error("Choose the webhook that missed events.");
    return (await ask(ReplayMissed, { input: { dryRun, webhookId, time, onlyMissing: true } })).replayEvents;
  }
}
customElements.define("eev-recover", RecoverScreen);

/**
 * A time as an input of kind datetime-local takes it.
 *
 * @param {number} milliseconds
 */
function local(milliseconds) {
  const zone = new Date(milliseconds).getTimezoneOffset() * 60_000;
  return new Date(milliseconds - zone).toISOString().slice(0, 16);
}
