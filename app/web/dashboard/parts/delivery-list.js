/**
 * Deliveries as a live table: news come in at the top while it is in view, and wait to be asked for otherwise, so that
 * nothing jumps under the reader.
 *
 * @typedef {import("../operations.js").DeliveriesData["deliveries"]["nodes"][number]} Delivery
 * @typedef {import("../operations.js").DeliveryFilter} Filter
 */

import { address, ask, counted, el, fill, follow, number, words } from "../lib/index.js";
import { Deliveries, DeliveryNews } from "../operations.js";
import { announce } from "./act.js";
import { badge } from "./elements.js";
import { empty, failed } from "./states.js";
import { when } from "./when.js";
import { WindowedTable } from "./windowed-table.js";

const PAGE = 100;
/** When more than these are known, the list begins again with the newest, so that a page left open for days stays quick. */
const MOST = 10_000;

export class DeliveryList {
  /** @type {Map<string, Delivery>} */
  #known = new Map();
  /** @type {Delivery[]} */
  #waiting = [];
  /** @type {string | null} */
  #end = null;
  #loading = false;
  paused = false;
  more = el("button", { type: "button", hidden: true, onclick: () => this.takeWaiting() });
  state = el("div");

  /** @param {Filter} filter @param {AbortSignal} leaving */
  constructor(filter, leaving) {
    this.filter = filter;
    this.leaving = leaving;
    const titles = ["Status", "Event", "Webhook", "Attempts", "Last result", "Created"];
    this.table = new WindowedTable("Deliveries", titles, { key: ({ id }) => id, create, update }, () => this.loadMore());
    this.table.element.addEventListener("scroll", () => this.table.atTop && !this.paused && this.takeWaiting(), { passive: true });
    this.element = el("div", { class: "stack" }, this.more, this.table.element, this.state);
  }

  /** Loads the first page and follows what changes from now on. */
  async begin() {
    const stop = follow(DeliveryNews, { filter: this.filter }, {
      next: ({ deliveryUpdates: { updates, gap } }) => (gap ? this.reload() : this.#take(updates.map(({ delivery }) => delivery))),
      cursor: (data) => data.deliveryUpdates.cursor,
      failed: (message) => fill(this.state, failed(new Error(message))),
    });
    this.leaving.addEventListener("abort", stop);
    await this.reload();
  }

  async reload() {
    [this.#known, this.#waiting, this.#end] = [new Map(), [], null];
    await this.#load(null);
  }

  async loadMore() {
    if (this.#end !== null) await this.#load(this.#end);
  }

  /** Shows what came while the table was paused or scrolled down. */
  takeWaiting() {
    if (this.#waiting.length === 0) return;
    if (this.#known.size > MOST) return void this.reload();
    announce(`${counted(this.#waiting.length, "new delivery", "new deliveries")}.`);
    this.#known = new Map([...this.#waiting.reverse().map((each) => /** @type {const} */ ([each.id, each])), ...this.#known]);
    this.#waiting = [];
    this.table.element.scrollTop = 0;
    this.#draw();
  }

  /** @param {string | null} after */
  async #load(after) {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const { deliveries } = await ask(Deliveries, { filter: this.filter, first: PAGE, after }, this.leaving);
      for (const each of deliveries.nodes) this.#known.set(each.id, each);
      this.#end = deliveries.pageInfo.hasNextPage ? deliveries.pageInfo.endCursor : null;
      fill(this.state, this.#known.size === 0 && empty("No delivery matches. Deliveries appear here as soon as an event is published."));
      this.#draw();
    } catch (error) {
      if (!this.leaving.aborted) fill(this.state, failed(error, () => this.#load(after)));
    } finally {
      this.#loading = false;
    }
  }

  /** @param {Delivery[]} deliveries */
  #take(deliveries) {
    for (const each of deliveries) {
      const waiting = this.#waiting.findIndex(({ id }) => id === each.id);
      if (this.#known.has(each.id)) this.#known.set(each.id, each);
      else if (waiting >= 0) this.#waiting[waiting] = each;
      else this.#waiting.push(each);
    }
    if (this.table.atTop && !this.paused) this.takeWaiting();
    this.#draw();
  }

  #draw() {
    this.table.element.hidden = this.#known.size === 0;
    this.more.hidden = this.#waiting.length === 0;
    this.more.textContent = `Show ${number(this.#waiting.length)} new`;
    if (this.#known.size > 0) this.state.querySelector(".empty")?.remove();
    if (!this.paused) this.table.show([...this.#known.values()]);
  }
}

/** @param {Delivery} delivery */
function create(delivery) {
  const row = el("tr");
  update(row, delivery);
  return row;
}

/** @type {WeakMap<HTMLElement, Delivery>} */
const shown = new WeakMap();

/** @param {HTMLElement} row @param {Delivery} delivery */
function update(row, delivery) {
  if (shown.get(row) === delivery) return;
  shown.set(row, delivery);
  const { id, event, webhook, attemptCount, createdAt } = delivery;
  fill(
    row,
    el("td", {}, badge(delivery.status)),
    el("td", { "data-label": "Event" }, el("a", { href: address(["deliveries", id]), "aria-label": `${words(delivery.status)} delivery of ${event.type}` }, event.type), event.test && [" ", el("span", { class: "badge" }, "Test")]),
    el("td", { "data-label": "Webhook" }, el("a", { href: address(["webhooks", webhook.id]) }, webhook.name)),
    el("td", { "data-label": "Attempts" }, number(attemptCount)),
    el("td", { "data-label": "Last result" }, lastResult(delivery)),
    el("td", { "data-label": "Created" }, when(createdAt)),
  );
}

/** @param {Delivery} delivery */
function lastResult({ lastOutcome, lastResponseStatus }) {
  if (lastOutcome === null) return "–";
  return lastResponseStatus === null ? words(lastOutcome) : `${lastResponseStatus}`;
}
