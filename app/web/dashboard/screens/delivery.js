/** One delivery: its attempts, the cause of a failure in words, when it is tried again, and what can be done now. */

import { address, ask, Component, el, fill, follow, may, moment, reconcile } from "../lib/index.js";
import { CancelDelivery, DeliveryDetails, OneDeliveryNews, RetryDelivery } from "../operations.js";
import { act, attemptView, badge, button, countdown, facts, gone, show } from "../parts/index.js";

/** @typedef {NonNullable<import("../operations.js").DeliveryDetailsData["delivery"]>} Delivery */

class DeliveryScreen extends Component {
  outcome = el("div");
  summary = el("div", { class: "stack" });
  attempts = el("div", { class: "stack" });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const id = this.dataset.id ?? "";
    const body = el("div", { class: "stack" });
    this.replaceChildren(el("h1", {}, "Delivery"), this.outcome, body);
    show(body, leaving, async () => {
      const eventId = await this.load(id, leaving);
      if (!eventId) return gone("delivery", address(["deliveries"]));
      const next = (/** @type {import("../operations.js").OneDeliveryNewsData} */ { deliveryUpdates }) => deliveryUpdates.updates.some(({ delivery }) => delivery.id === id) && this.load(id, leaving);
      leaving.addEventListener("abort", follow(OneDeliveryNews, { filter: { eventId } }, { next }));
      return [this.summary, el("h2", {}, "Attempts"), this.attempts];
    });
  }

  /** Draws the delivery as it is now and returns its event's ID, if it is there. @param {string} id @param {AbortSignal} leaving */
  async load(id, leaving) {
    const { delivery } = await ask(DeliveryDetails, { id }, leaving);
    if (delivery === null) return null;
    const attempts = delivery.attempts.nodes.toReversed();
    fill(this.summary, summary(delivery), this.actions(delivery, () => this.load(id, leaving)));
    if (attempts.length > 0) reconcile(this.attempts, attempts, { key: ({ id }) => id, create: attemptView });
    else fill(this.attempts, el("p", { class: "soft" }, "None so far."));
    return delivery.event.id;
  }

  /** @param {Delivery} delivery @param {() => unknown} changed */
  actions({ id, status }, changed) {
    if (!may("MANAGE")) return null;
    const input = { id };
    const retry = () => act(this.outcome, async () => (await ask(RetryDelivery, { input })).retryDelivery, "It is tried now.").then(changed);
    const cancel = () => act(this.outcome, async () => (await ask(CancelDelivery, { input })).cancelDelivery, "It is canceled.").then(changed);
    const open = status === "PENDING" || status === "RETRYING";
    return el("div", { class: "row" }, button("Retry now", retry, "primary"), open && button("Cancel", cancel));
  }
}
customElements.define("eev-delivery", DeliveryScreen);

/** @param {Delivery} delivery */
function summary({ id, status, event, webhook, createdAt, completedAt, nextAttemptAt }) {
  return facts([
    ["Status", badge(status)],
    ["Event", el("a", { href: address(["events", event.id]) }, event.type)],
    ["Webhook", el("a", { href: address(["webhooks", webhook.id]) }, webhook.name)],
    ["Created", moment(createdAt)],
    ["Completed", completedAt && moment(completedAt)],
    ["Next attempt", nextAttemptAt && countdown(nextAttemptAt)],
    ["ID", el("code", {}, id)],
  ]);
}
