/**
 * Fields of forms: label, hint, control and error belong together, and an error of the API stands at its field.
 *
 * @typedef {{ message: string, path: string[] }} UserError
 */

import { failed } from "./states.js";
import { el, fill } from "../lib/index.js";

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
  const said = [optional && "Optional.", hint].filter(Boolean).join(" ");
  const [hintId, errorId] = [`${control.id}-hint`, `${control.id}-error`];
  control.setAttribute("aria-describedby", said ? `${hintId} ${errorId}` : errorId);
  return el(
    "div",
    { class: "field", "data-path": path },
    el("label", { for: control.id }, label),
    said && el("div", { class: "hint", id: hintId }, said),
    control,
    el("div", { class: "error", id: errorId }),
  );
}

/** A checkbox with its label. @type {(label: string, control: HTMLInputElement, hint?: string) => HTMLElement} */
export function choice(label, control, hint) {
  const id = `choice-${++count}`;
  if (hint) control.setAttribute("aria-describedby", id);
  return el("div", { class: "choice" }, el("label", {}, control, " ", label), hint && el("span", { class: "soft", id }, hint));
}

/** Controls under one name, with one place for their errors. @type {(label: string, path: string, ...children: import("../lib/dom.js").Child[]) => HTMLElement} */
export function group(label, path, ...children) {
  const [legend, error] = [`group-${++count}`, `group-${count}-error`];
  const attributes = { class: "field", "data-path": path, "aria-labelledby": legend, "aria-describedby": error, tabindex: "-1" };
  return el("fieldset", attributes, el("legend", { id: legend }, label), children, el("div", { class: "error", id: error }));
}

/**
 * Runs a mutation for a form, once at a time; errors stand at their fields, and what was typed stays. Returns the
 * payload, or null if there were errors.
 *
 * @template {{ userErrors: readonly UserError[] }} Payload
 * @param {HTMLElement} form
 * @param {Element} summary where errors without a field are shown
 * @param {() => Promise<Payload>} work
 * @returns {Promise<Payload | null>}
 */
export async function submit(form, summary, work) {
  if (form.ariaBusy === "true") return null;
  clearErrors(form, summary);
  form.ariaBusy = "true";
  try {
    const payload = await work();
    if (payload.userErrors.length === 0) return payload;
    showErrors(form, summary, payload.userErrors);
  } catch (error) {
    fill(summary, failed(error));
  } finally {
    form.ariaBusy = "false";
  }
  return null;
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
      const control = home.matches("[aria-describedby]") ? home : (home.querySelector("[aria-describedby]") ?? home);
      control.setAttribute("aria-invalid", "true");
      if (!home.querySelector(":scope > .error")) home.append(el("div", { class: "error" }));
      home.querySelector(":scope > .error")?.append(el("div", {}, error.message));
    }
  }
  fill(summary, homeless.length > 0 && el("div", { class: "notice bad", role: "alert" }, homeless.map(({ message }) => el("p", {}, message))));
  const wrong = form.querySelectorAll("[aria-invalid=true]");
  wrong.forEach(openAround);
  /** @type {HTMLElement} */ (wrong[0] ?? summary).focus();
}

/** @param {HTMLElement} form @param {Element} summary */
function clearErrors(form, summary) {
  fill(summary);
  for (const wrong of form.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  for (const text of form.querySelectorAll(".error")) text.replaceChildren();
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
