/** What a screen shows when it has nothing to show yet, nothing at all, or nothing it can show. */

import { el, fill, sentence } from "../lib/index.js";

export function loading(text = "Loading…") {
  return el("p", { class: "empty", role: "status" }, text);
}

/** Says that there is nothing, with the next step. @param {string} text @param {...(Node | string | null | false)} next */
export function empty(text, ...next) {
  return el("div", { class: "empty" }, el("p", {}, text), ...next);
}

/** Says what went wrong, with a way to try again. @param {unknown} error @param {() => void} [again] */
export function failed(error, again) {
  return el(
    "div",
    { class: "notice bad", role: "alert" },
    el("p", {}, sentence(error)),
    again && el("button", { type: "button", onclick: again }, "Try again"),
  );
}

/** Says that something is gone or never existed. @param {string} what such as "webhook" @param {string} back address of the list */
export function gone(what, back) {
  return empty(`This ${what} does not exist. It may have been deleted.`, el("a", { href: back }, "Back to the list"));
}

/**
 * Shows work in progress in `target`, then what it gives, or why it failed.
 *
 * @param {Element} target
 * @param {AbortSignal} leaving
 * @param {() => Promise<import("../lib/dom.js").Child>} work
 */
export async function show(target, leaving, work) {
  if (!target.hasChildNodes()) target.replaceChildren(loading());
  try {
    const made = await work();
    if (!leaving.aborted) fill(target, made);
  } catch (error) {
    if (!leaving.aborted) target.replaceChildren(failed(error, () => show(target, leaving, work)));
  }
}
