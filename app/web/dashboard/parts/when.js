/** A moment, shown relative to now and exact on hover, or as the time that is left; it keeps itself current. */

import { Component, el, every, moment, relative, remaining } from "../lib/index.js";

class When extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const time = this.getAttribute("time") ?? "";
    const counts = this.hasAttribute("counts");
    const shown = el("time", { datetime: time, onpointerenter: (/** @type {any} */ { target }) => (target.title = moment(time)) });
    const draw = () => (shown.textContent = counts ? `in ${remaining((new Date(time).getTime() - Date.now()) / 1000)}` : relative(time));
    draw();
    this.replaceChildren(shown);
    every(counts ? 1000 : 10_000, leaving, draw);
  }
}
customElements.define("eev-when", When);

/** @param {string | null | undefined} time RFC 3339 @param {string} [otherwise] shown if there is none */
export function when(time, otherwise = "–") {
  if (!time) return otherwise;
  const element = document.createElement("eev-when");
  element.setAttribute("time", time);
  return element;
}

/** A time that is left, counted down each second. @param {string} time RFC 3339 */
export function countdown(time) {
  const element = /** @type {HTMLElement} */ (when(time));
  element.toggleAttribute("counts", true);
  return element;
}
