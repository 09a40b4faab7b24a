/** Tells news to people who do not see the page: one polite live region for all of it. */

import { el } from "../lib/index.js";

const region = el("div", { class: "visually-hidden", role: "status", "aria-live": "polite", id: "news" });

/** Adds the live region to the page, once. */
export function installAnnouncer() {
  document.body.append(region);
}

/** @param {string} text */
export function announce(text) {
  region.textContent = text;
}
