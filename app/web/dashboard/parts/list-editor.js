/** A list of entries of one shape, such as headers: rows can be added and removed. */

import { el, fill } from "../lib/index.js";

/** @template Value @typedef {{ element: HTMLElement, read: () => Value }} Entry */

/**
 * Returns an editor and a function that reads its entries.
 *
 * @template Value
 * @param {{ label: string, add: string, entry: (index: number, value?: Value) => Entry<Value>, values?: readonly Value[] }} options
 * @returns {{ element: HTMLElement, read: () => Value[] }}
 */
export function listEditor({ label, add, entry, values = [] }) {
  /** @type {Entry<Value>[]} */
  const entries = values.map((value, index) => entry(index, value));
  const rows = el("div", { class: "stack" });
  const more = el("button", { type: "button", onclick: () => append() }, add);

  function draw() {
    fill(rows, entries.map((each) => el("div", { class: "row" }, each.element, el("button", { type: "button", "aria-label": `Remove from ${label}`, onclick: () => remove(each) }, "Remove"))));
  }
  function append() {
    entries.push(entry(entries.length));
    draw();
    entries.at(-1)?.element.querySelector("input")?.focus();
  }
  /** @param {Entry<Value>} each */
  function remove(each) {
    entries.splice(entries.indexOf(each), 1);
    draw();
    more.focus();
  }
  draw();
  return {
    element: el("fieldset", { class: "stack" }, el("legend", {}, label), rows, el("div", {}, more)),
    read: () => entries.map((each) => each.read()),
  };
}
