/**
 * A table of any length that keeps only the rows around the visible part in the document. Rows have one height.
 *
 * @template Item
 * @typedef {{ key: (item: Item) => string, create: (item: Item) => HTMLElement, update: (row: HTMLElement, item: Item) => void }} Rows
 */

import { el, reconcile } from "../lib/index.js";

/** Rows kept before and after the visible ones. */
const SPARE = 20;

/** @template Item */
export class WindowedTable {
  /** @type {Item[]} */
  items = [];
  #before = el("tbody", { "aria-hidden": "true" }, el("tr", {}, el("td")));
  #after = el("tbody", { "aria-hidden": "true" }, el("tr", {}, el("td")));
  #body = el("tbody");
  #height = 40;
  #drawing = false;

  /** @param {string} caption @param {readonly string[]} titles @param {Rows<Item>} rows @param {() => void} nearEnd called when the end of what is loaded comes into view */
  constructor(caption, titles, rows, nearEnd) {
    this.rows = rows;
    this.nearEnd = nearEnd;
    const head = el("thead", {}, el("tr", {}, titles.map((title) => el("th", { scope: "col" }, title))));
    this.table = el("table", {}, el("caption", { class: "visually-hidden" }, caption), head, this.#before, this.#body, this.#after);
    this.element = el("div", { class: "window", tabindex: "0", role: "region", "aria-label": caption }, this.table);
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
  }

  /** Whether the first row is in view, so that new rows may come in above it. */
  get atTop() {
    return this.element.scrollTop < this.#height;
  }

  /** @param {Item[]} items */
  show(items) {
    this.items = items;
    this.table.setAttribute("aria-rowcount", String(items.length));
    this.draw();
  }

  /** Brings the rows in the document up to date, once before the next frame. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    const visible = Math.ceil((this.element.clientHeight || 600) / this.#height);
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.#height) - SPARE);
    const last = Math.min(this.items.length, first + visible + 2 * SPARE);
    space(this.#before, first * this.#height);
    space(this.#after, (this.items.length - last) * this.#height);
    reconcile(this.#body, this.items.slice(first, last), this.rows);
    const row = /** @type {HTMLElement | null} */ (this.#body.firstElementChild);
    if (row?.offsetHeight) this.#height = row.offsetHeight;
    if (last >= this.items.length - SPARE) this.nearEnd();
  }
}

/** @param {HTMLTableSectionElement} body @param {number} pixels */
function space(body, pixels) {
  body.hidden = pixels <= 0;
  body.style.setProperty("--space", `${pixels}px`);
}
