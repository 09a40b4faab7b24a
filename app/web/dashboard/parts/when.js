/** A moment, shown relative to now and exact on hover; it keeps itself current. */

import { Component, every } from "../lib/component.js";
import { el } from "../lib/dom.js";
import { moment, relative } from "../lib/format.js";

class When extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const time = this.getAttribute("time") ?? "";
    const shown = el("time", { datetime: time, title: moment(time) }, relative(time));
    this.replaceChildren(shown);
    every(10_000, leaving, () => (shown.textContent = relative(time)));
  }
}
customElements.define("eev-when", When);

/**
 * @param {string | null | undefined} time RFC 3339
 * @param {string} [otherwise] shown where there is none
 */
export function when(time, otherwise = "–") {
  if (!time) return otherwise;
  const element = document.createElement("eev-when");
  element.setAttribute("time", time);
  return element;
}
