/** A list that is loaded page by page, with a button for the next one. For lists that people read from the top. */

import { failed, loading } from "./states.js";
import { el, fill } from "../lib/index.js";

/** @template Item @typedef {{ nodes: Item[], pageInfo: { hasNextPage: boolean, endCursor: string | null } }} Page */

/**
 * Returns a table that fills itself.
 *
 * @template Item
 * @param {{
 *   caption: string,
 *   titles: readonly string[],
 *   load: (after: string | null) => Promise<Page<Item>>,
 *   cells: (item: Item) => readonly import("../lib/dom.js").Child[],
 *   nothing: import("../lib/dom.js").Child,
 *   leaving: AbortSignal,
 * }} list
 */
export function pages({ caption, titles, load, cells, nothing, leaving }) {
  const body = el("tbody");
  const head = el("thead", {}, el("tr", {}, titles.map((title) => el("th", { scope: "col" }, title))));
  const table = el("table", { hidden: true }, el("caption", { class: "visually-hidden" }, caption), head, body);
  const state = el("div", {}, loading());
  /** @param {string | null} after */
  async function next(after) {
    try {
      const { nodes, pageInfo } = await load(after);
      body.append(...nodes.map((item) => el("tr", {}, cells(item).map((cell, index) => el("td", { "data-label": titles[index] }, cell)))));
      table.hidden = body.childElementCount === 0;
      const more = () => next(pageInfo.endCursor);
      fill(state, table.hidden && nothing, pageInfo.hasNextPage && el("button", { type: "button", onclick: more }, "Show more"));
    } catch (error) {
      if (!leaving.aborted) fill(state, failed(error, () => next(after)));
    }
  }
  next(null);
  return el("div", { class: "stack" }, table, state);
}
