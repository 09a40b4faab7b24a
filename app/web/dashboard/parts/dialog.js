/** Questions before something that cannot be undone. */

import { el } from "../lib/index.js";

/**
 * Asks whether to go on; resolves with the answer. With `typed`, that text has to be typed first.
 *
 * @param {{ title: string, text: string, action: string, typed?: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, action, typed }) {
  const input = el("input", { autocomplete: "off", "aria-label": `Type ${typed} to confirm` });
  const go = el("button", { type: "submit", class: "danger", disabled: typed !== undefined }, action);
  input.addEventListener("input", () => (go.disabled = input.value !== typed));
  /** @type {HTMLDialogElement} */
  const dialog = el(
    "dialog",
    { "aria-label": title },
    el(
      "form",
      { method: "dialog", class: "stack", onsubmit: () => void (dialog.returnValue = "yes") },
      el("h2", {}, title),
      el("p", {}, text),
      typed !== undefined && el("label", { class: "field" }, el("span", {}, "Type ", el("strong", {}, typed), " to confirm"), input),
      el("div", { class: "row" }, go, el("button", { type: "button", onclick: () => dialog.close() }, "Keep it")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}
