/** One event: its body exactly as it is signed, and all its deliveries. */

import { address, ask, Component, el, moment, pretty } from "../lib/index.js";
import { EventDetails } from "../operations.js";
import { copyButton, DeliveryList, facts, gone, preformatted, show } from "../parts/index.js";

class EventScreen extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const body = el("div", { class: "stack" });
    this.replaceChildren(el("h1", {}, "Event"), body);
    show(body, leaving, () => load(this.dataset.id ?? "", leaving));
  }
}
customElements.define("eev-event", EventScreen);

/** @param {string} id @param {AbortSignal} leaving */
async function load(id, leaving) {
  const { event } = await ask(EventDetails, { id }, leaving);
  if (event === null) return gone("event", address(["events"]));
  const deliveries = new DeliveryList({ eventId: id }, leaving);
  deliveries.begin();
  return [
    facts([
      ["Type", event.type],
      ["Occurred", moment(event.occurredAt)],
      ["Published", moment(event.createdAt)],
      ["Test", event.test && "Yes"],
      ["Idempotency key", event.idempotencyKey],
      ["Ordering key", event.orderingKey],
      ["ID", el("code", {}, event.id)],
    ]),
    el("div", { class: "row spread" }, el("h2", {}, "Body"), copyButton(() => event.body, "Copy the body")),
    preformatted(pretty(event.body)),
    el("h2", {}, "Deliveries"),
    deliveries.element,
  ];
}
