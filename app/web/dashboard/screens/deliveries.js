/** "Deliveries": what was sent and is being sent, live; the filters stand in the address. */

import { ask, bounded, changeFilters, Component, el, fill, place, words } from "../lib/index.js";
import { DeliveryCount, DeliveryFilterChoices } from "../operations.js";
import { button } from "../parts/elements.js";
import { DeliveryList } from "../parts/delivery-list.js";
import { clearFilters, dataOf, dataSearches, filterSelect } from "../parts/filters.js";

/** @typedef {import("../operations.js").DeliveryFilter} Filter */
/** @typedef {import("../operations.js").DeliveryStatus} Status */

const STATUSES = ["PENDING", "RETRYING", "SUCCEEDED", "FAILED", "CANCELED"];

class DeliveriesScreen extends Component {
  filters = el("div", { class: "row", role: "search", "aria-label": "Filters" });
  results = el("div", { class: "stack" });
  count = el("p", { class: "soft", role: "status" });
  /** @type {import("../operations.js").DeliveryFilterChoicesData} */
  choices = { webhooks: { nodes: [] }, eventTypes: [] };
  #changing = new AbortController();

  /** @param {AbortSignal} leaving */
  async start(leaving) {
    leaving.addEventListener("abort", () => this.#changing.abort());
    this.pause = button("Pause updates", () => this.toggle());
    this.replaceChildren(el("div", { class: "row spread" }, el("h1", {}, "Deliveries"), this.pause), this.filters, this.count, this.results);
    this.placed();
    this.choices = await ask(DeliveryFilterChoices, {}, leaving).catch(() => this.choices);
    fill(this.filters, filterFields(this.choices));
  }

  /** Lists what the address asks for. The filters stay, and the focus in them. */
  placed() {
    this.#changing.abort();
    this.#changing = new AbortController();
    const filter = filterOf(place().search);
    this.list = new DeliveryList(filter, this.#changing.signal);
    fill(this.filters, filterFields(this.choices));
    fill(this.results, this.list.element);
    this.list.begin();
    fill(this.count);
    ask(DeliveryCount, { filter }, this.#changing.signal).then(({ deliveries }) => fill(this.count, `${bounded(deliveries.totalCount)} when this list was opened`), () => {});
  }

  toggle() {
    if (!this.list || !this.pause) return;
    this.list.paused = !this.list.paused;
    this.pause.textContent = this.list.paused ? "Resume updates" : "Pause updates";
    if (!this.list.paused) this.list.takeWaiting();
  }
}
customElements.define("eev-deliveries", DeliveriesScreen);

/** The filter that the address names. @param {URLSearchParams} search @returns {Filter} */
function filterOf(search) {
  const since = search.get("since");
  return {
    webhookId: search.get("webhook"),
    eventId: search.get("event"),
    eventTypes: search.has("type") ? search.getAll("type") : null,
    statuses: search.has("status") ? /** @type {Status[]} */ (search.getAll("status")) : null,
    search: search.get("search"),
    data: dataOf(search),
    time: since ? { since: new Date(since).toISOString() } : null,
  };
}

/** @param {import("../operations.js").DeliveryFilterChoicesData} choices */
function filterFields({ webhooks, eventTypes }) {
  const { search } = place();
  return [
    filterSelect("Status", "status", STATUSES.map((value) => [value, words(value)])),
    filterSelect("Webhook", "webhook", webhooks.nodes.map(({ id, name }) => [id, name])),
    filterSelect("Event type", "type", eventTypes.map(({ name }) => [name, name])),
    since(search.get("since")),
    dataSearches(),
    clearFilters(),
  ];
}

/** @param {string | null} value */
function since(value) {
  const onchange = (/** @type {any} */ { target }) => changeFilters({ since: target.value || null });
  return el("label", { class: "row" }, "Since", el("input", { type: "datetime-local", value, onchange }));
}
