/** One delivery: its attempts, the cause of a failure in words, when it is tried again, and what can be done now. */

import { ask } from "../lib/api.js";
import { Component, every } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { moment, remaining } from "../lib/format.js";
import { follow } from "../lib/live.js";
import { address } from "../lib/router.js";
import { may } from "../lib/session.js";
import { CancelDelivery, DeliveryDetails, OneDeliveryNews, RetryDelivery } from "../operations.js";
import { act } from "../parts/act.js";
import { attemptView } from "../parts/attempt.js";
import { badge } from "../parts/badge.js";
import { facts } from "../parts/facts.js";
import { gone, show } from "../parts/states.js";

/** @typedef {NonNullable<import("../operations.js").DeliveryDetailsData["delivery"]>} Delivery */

class DeliveryScreen extends Component {
  body = el("div", { class: "stack" });
  outcome = el("div");

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const id = this.dataset.id ?? "";
    this.replaceChildren(el("h1", {}, "Delivery"), this.outcome, this.body);
    const load = () => show(this.body, leaving, () => this.load(id, leaving));
    load().then(() => {
      const eventId = this.dataset.event;
      if (!eventId || leaving.aborted) return;
      const next = (/** @type {import("../operations.js").OneDeliveryNewsData} */ { deliveryUpdates }) => deliveryUpdates.updates.some(({ delivery }) => delivery.id === id) && load();
      leaving.addEventListener("abort", follow(OneDeliveryNews, { filter: { eventId } }, { next }));
    });
  }

  /**
   * @param {string} id
   * @param {AbortSignal} leaving
   */
  async load(id, leaving) {
    const { delivery } = await ask(DeliveryDetails, { id }, leaving);
    if (delivery === null) return gone("delivery", address(["deliveries"]));
    this.dataset.event = delivery.event.id;
    const attempts = delivery.attempts.nodes.toReversed();
    return [summary(delivery, leaving), this.actions(delivery), el("h2", {}, "Attempts"), ...(attempts.length > 0 ? attempts.map(attemptView) : [el("p", { class: "soft" }, "None so far.")])];
  }

  /**
   * @param {() => Promise<{ userErrors: { message: string }[] }>} work
   * @param {string} done
   */
  async act(work, done) {
    if (await act(this.outcome, work, done)) this.placed();
  }

  /** @param {Delivery} delivery */
  actions({ id, status }) {
    const open = status === "PENDING" || status === "RETRYING";
    if (!may("MANAGE")) return "";
    return el(
      "div",
      { class: "row" },
      el("button", { type: "button", class: "primary", onclick: () => this.act(async () => (await ask(RetryDelivery, { input: { id } })).retryDelivery, "It is tried now.") }, "Retry now"),
      open && el("button", { type: "button", onclick: () => this.act(async () => (await ask(CancelDelivery, { input: { id } })).cancelDelivery, "It is canceled.") }, "Cancel"),
    );
  }
}
customElements.define("eev-delivery", DeliveryScreen);

/**
 * @param {Delivery} delivery
 * @param {AbortSignal} leaving
 */
function summary({ id, status, event, webhook, createdAt, completedAt, nextAttemptAt }, leaving) {
  const next = el("span");
  const count = () => fill(next, nextAttemptAt && `in ${remaining((new Date(nextAttemptAt).getTime() - Date.now()) / 1000)}`);
  count();
  every(1000, leaving, count);
  return facts([
    ["Status", badge(status)],
    ["Event", el("a", { href: address(["events", event.id]) }, event.type)],
    ["Webhook", el("a", { href: address(["webhooks", webhook.id]) }, webhook.name)],
    ["Created", moment(createdAt)],
    ["Completed", completedAt && moment(completedAt)],
    ["Next attempt", nextAttemptAt && next],
    ["ID", el("code", {}, id)],
  ]);
}
