/** "Deliveries": what was sent and is being sent, live; the filters stand in the address. */

import { ask } from "../lib/api.js";
import { Component } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { words } from "../lib/format.js";
import { changeFilters, place } from "../lib/router.js";
import { DeliveryFilterChoices } from "../operations.js";
import { DeliveryList } from "../parts/delivery-list.js";

/** @typedef {import("../operations.js").DeliveryFilter} Filter */
/** @typedef {import("../operations.js").DeliveryStatus} Status */

const STATUSES = ["PENDING", "RETRYING", "SUCCEEDED", "FAILED", "CANCELED"];

class DeliveriesScreen extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const list = new DeliveryList(filterOf(place().search), leaving);
    const pause = el("button", { type: "button", "aria-pressed": "false" }, "Pause updates");
    pause.addEventListener("click", () => toggle(list, pause));
    const filters = el("div", { class: "row", role: "search", "aria-label": "Filters" });
    this.replaceChildren(el("div", { class: "row spread" }, el("h1", {}, "Deliveries"), pause), filters, list.element);
    list.begin();
    showFilters(filters, leaving);
  }
}
customElements.define("eev-deliveries", DeliveriesScreen);

/**
 * @param {DeliveryList} list
 * @param {HTMLButtonElement} button
 */
function toggle(list, button) {
  list.paused = !list.paused;
  button.setAttribute("aria-pressed", String(list.paused));
  button.textContent = list.paused ? "Resume updates" : "Pause updates";
  if (!list.paused) list.takeWaiting();
}

/**
 * The filter that the address names.
 *
 * @param {URLSearchParams} search
 * @returns {Filter}
 */
export function filterOf(search) {
  const since = search.get("since");
  return {
    webhookId: search.get("webhook"),
    eventId: search.get("event"),
    eventTypes: search.has("type") ? search.getAll("type") : null,
    statuses: search.has("status") ? /** @type {Status[]} */ (search.getAll("status")) : null,
    time: since ? { since: new Date(since).toISOString() } : null,
  };
}

/**
 * @param {HTMLElement} target
 * @param {AbortSignal} leaving
 */
async function showFilters(target, leaving) {
  const { webhooks, eventTypes } = await ask(DeliveryFilterChoices, {}, leaving).catch(() => ({ webhooks: { nodes: [] }, eventTypes: [] }));
  const { search } = place();
  const count = [...new Set(search.keys())].length;
  fill(
    target,
    select("Status", "status", STATUSES.map((value) => [value, words(value)])),
    select("Webhook", "webhook", webhooks.nodes.map(({ id, name }) => [id, name])),
    select("Event type", "type", eventTypes.map(({ name }) => [name, name])),
    since(search.get("since")),
    count > 0 && el("button", { type: "button", onclick: () => changeFilters(Object.fromEntries([...search.keys()].map((name) => [name, null]))) }, `Clear ${count}`),
  );
}

/**
 * @param {string} label
 * @param {string} name
 * @param {[string, string][]} choices
 */
function select(label, name, choices) {
  const chosen = place().search.get(name);
  const options = [el("option", { value: "" }, `${label}: any`), ...choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text))];
  return el("select", { "aria-label": label, onchange: (/** @type {any} */ { target }) => changeFilters({ [name]: target.value || null }) }, options);
}

/** @param {string | null} value */
function since(value) {
  const onchange = (/** @type {any} */ { target }) => changeFilters({ since: target.value || null });
  return el("label", { class: "row" }, "Since", el("input", { type: "datetime-local", value, onchange }));
}
