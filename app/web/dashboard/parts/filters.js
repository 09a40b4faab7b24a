/** Filters that stand in the address: each a native control, and one button that clears them. */

import { button } from "./elements.js";
import { changeFilters, el, place } from "../lib/index.js";

/** @type {(label: string, name: string, choices: (readonly [string, string])[], any?: string) => HTMLSelectElement} any: the text without a choice */
export function filterSelect(label, name, choices, any = `${label}: any`) {
  const chosen = place().search.get(name);
  const options = [el("option", { value: "" }, any), ...choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text))];
  return el("select", { "aria-label": label, onchange: (/** @type {any} */ { target }) => changeFilters({ [name]: target.value || null }) }, options);
}

/** @type {(label: string, name: string, placeholder: string) => HTMLInputElement} */
export function filterSearch(label, name, placeholder) {
  const onchange = (/** @type {any} */ { target }) => changeFilters({ [name]: target.value.trim() || null });
  return el("input", { type: "search", "aria-label": label, placeholder, value: place().search.get(name), onchange });
}

/** The condition that a filter `path=value` in the address means, such as ticket.id=tkt_42. @param {URLSearchParams} search */
export function dataOf(search) {
  const [, path, text] = search.get("data")?.match(/^([^=]+)=(.*)$/) ?? [];
  if (path === undefined) return null;
  try {
    return [{ path: path.trim(), equals: JSON.parse(text) }];
  } catch {
    return [{ path: path.trim(), equals: text.trim() }];
  }
}

/** The two searches in what was published. */
export const dataSearches = () => [filterSearch("Search", "search", "Text or ID"), filterSearch("Value in the data", "data", "ticket.id=tkt_42")];

/** A button that clears all filters; nothing if none is set. */
export function clearFilters() {
  const names = [...place().search.keys()];
  return names.length > 0 && button("Clear", () => changeFilters(Object.fromEntries(names.map((name) => [name, null]))));
}
