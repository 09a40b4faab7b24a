import { keepingFocus } from "./dom.js";

/** The one base of the page's custom elements: something that starts when it is shown and ends when it is gone. */
export class Component extends HTMLElement {
  #leaving = new AbortController();

  connectedCallback() {
    this.#leaving = new AbortController();
    this.start(this.#leaving.signal);
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** Fills the element. `leaving` is aborted when the element is removed: requests, timers and subscriptions end by it. @param {AbortSignal} _leaving */
  start(_leaving) {}

  /** Called when the filters in the address change while this screen is shown. */
  placed() {
    keepingFocus(this, () => {
      this.disconnectedCallback();
      this.connectedCallback();
    });
  }
}

/** Calls `work` at this interval until the signal is aborted. @param {number} milliseconds @param {AbortSignal} leaving @param {() => void} work */
export function every(milliseconds, leaving, work) {
  const timer = setInterval(work, milliseconds);
  leaving.addEventListener("abort", () => clearInterval(timer));
}
