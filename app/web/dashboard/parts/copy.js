/** A button that copies a text. */

import { announce } from "./announce.js";
import { el } from "../lib/dom.js";

/**
 * @param {() => string} text
 * @param {string} [label] its accessible name
 */
export function copyButton(text, label = "Copy") {
  const button = el("button", { type: "button", onclick: copy }, label);
  async function copy() {
    await navigator.clipboard.writeText(text());
    announce("Copied.");
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 2000);
  }
  return button;
}
