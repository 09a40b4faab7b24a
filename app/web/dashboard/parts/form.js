/**
 * Fields of forms: label, hint, control and error belong together, and an error of the API stands at its field.
 *
 * @typedef {{ message: string, path: string[] }} UserError
 */

import { el, fill } from "../lib/dom.js";

let count = 0;

/**
 * A field with its label. Errors whose path begins with `path` are shown beside it.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {{ hint?: string, path?: string, optional?: boolean }} [options]
 */
export function field(label, control, { hint, path, optional } = {}) {
  control.id ||= `field-${++count}`;
  const [hintId, errorId] = [`${control.id}-hint`, `${control.id}-error`];
  control.setAttribute("aria-describedby", hint ? `${hintId} ${errorId}` : errorId);
  return el(
    "div",
    { class: "field", "data-path": path },
    el("label", { for: control.id }, label, optional && el("span", { class: "soft" }, " (optional)")),
    hint && el("div", { class: "hint", id: hintId }, hint),
    control,
    el("div", { class: "error", id: errorId }),
  );
}

/**
 * A checkbox with its label.
 *
 * @param {string} label
 * @param {HTMLInputElement} control
 * @param {{ hint?: string }} [options]
 */
export function choice(label, control, { hint } = {}) {
  return el("label", { class: "choice" }, control, el("span", {}, label, hint && el("span", { class: "soft" }, ` ${hint}`)));
}

/**
 * Shows the API's errors at their fields and the others in `summary`; moves the focus to the first.
 *
 * @param {HTMLElement} form
 * @param {Element} summary
 * @param {readonly UserError[]} errors
 */
export function showErrors(form, summary, errors) {
  clearErrors(form, summary);
  /** @type {UserError[]} */
  const homeless = [];
  for (const error of errors) {
    const home = homeOf(form, error.path);
    if (!home) homeless.push(error);
    else {
      home.querySelector("[aria-describedby]")?.setAttribute("aria-invalid", "true");
      home.querySelector(".error")?.append(el("div", {}, error.message));
    }
  }
  fill(summary, homeless.length > 0 && el("div", { class: "notice bad", role: "alert" }, homeless.map(({ message }) => el("p", {}, message))));
  const first = form.querySelector("[aria-invalid=true]");
  openAround(first);
  /** @type {HTMLElement | null} */ (first ?? summary.querySelector(".notice"))?.focus();
}

/**
 * @param {HTMLElement} form
 * @param {Element} summary
 */
export function clearErrors(form, summary) {
  fill(summary);
  for (const wrong of form.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  for (const text of form.querySelectorAll(".field > .error")) text.replaceChildren();
}

/**
 * The field that an error's path names, most exact first: "webhook", "headers", "0", "name" is looked for as
 * "webhook.headers.0.name", then "webhook.headers.0" and so on; a leading "webhook" may be left out.
 *
 * @param {HTMLElement} form
 * @param {string[]} path
 */
function homeOf(form, path) {
  for (const names of [path, path.slice(1)]) {
    for (let length = names.length; length > 0; length -= 1) {
      const found = form.querySelector(`[data-path="${CSS.escape(names.slice(0, length).join("."))}"]`);
      if (found) return found;
    }
  }
  return null;
}

/** Opens the `details` that an element stands in. @param {Element | null} element */
function openAround(element) {
  for (let around = element?.closest("details"); around; around = around.parentElement?.closest("details")) around.open = true;
}
