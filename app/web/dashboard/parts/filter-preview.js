/** Tries a filter on past events while it is typed: how many would have been sent, and which. */

import { sentence } from "../lib/api.js";
import { address, ask, el, fill, number } from "../lib/index.js";
import { PreviewFilter } from "../operations.js";

/** A pause in typing after which the filter is tried. */
const PAUSE_MS = 400;

/** @param {HTMLTextAreaElement} filter @param {() => string[]} eventTypes those that are chosen */
export function filterPreview(filter, eventTypes) {
  const shown = el("div", { class: "soft", role: "status" });
  let waiting = 0;
  let asked = 0;
  async function look() {
    const turn = ++asked;
    const input = { filter: filter.value.trim(), eventTypes: eventTypes().length > 0 ? eventTypes() : null };
    const made = input.filter ? await ask(PreviewFilter, { input }).then(({ previewFilter }) => result(previewFilter), sentence) : "";
    if (turn === asked) fill(shown, made);
  }
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE_MS);
  });
  return shown;
}

/** @param {import("../operations.js").PreviewFilterData["previewFilter"]} payload */
function result({ looked, matched, events, userErrors }) {
  if (userErrors.length > 0) return userErrors.map(({ message }) => el("p", { class: "problem" }, message));
  const links = (events ?? []).slice(0, 3).map(({ id, type }) => [" ", el("a", { href: address(["events", id]), target: "_blank" }, type)]);
  return el("p", {}, `It is true for ${number(matched ?? 0)} of the last ${number(looked ?? 0)} events.`, links);
}
