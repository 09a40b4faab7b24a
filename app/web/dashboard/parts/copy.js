/** Copies a text with one press. */

import { announce } from "./act.js";
import { button } from "./elements.js";
import { el } from "../lib/index.js";

/** @type {(text: () => string, label?: string) => HTMLButtonElement} label: its accessible name */
export function copyButton(text, label = "Copy") {
  const made = button(label, copy);
  async function copy() {
    await write(text());
    announce("Copied.");
    made.textContent = "Copied";
    setTimeout(() => (made.textContent = label), 2000);
  }
  return made;
}

/** @type {(name: string, text: string, secret: string) => HTMLElement} a secret that is shown once, to be copied */
export function secretNotice(name, text, secret) {
  const row = el("div", { class: "row", role: "group", "aria-label": name }, el("code", {}, secret), copyButton(() => secret));
  return el("div", { class: "notice warn", role: "status" }, el("p", {}, text), row);
}

/** Over plain HTTP, and in a frame that was not given the clipboard, only the old way works. @param {string} text */
async function write(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { value: text, class: "visually-hidden", "aria-hidden": "true" });
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    focused?.focus();
  }
}
