/** The small elements that every screen has: buttons, states as badges, names with their values, text as it is. */

import { el, go, words } from "../lib/index.js";

/** Does something here. @type {(label: string, onclick: (event: any) => unknown, kind?: string) => HTMLButtonElement} */
export const button = (label, onclick, kind) => el("button", { type: "button", class: kind, onclick }, label);

/** Goes to another screen. @type {(label: string, to: string, kind?: string) => HTMLButtonElement} */
export const goButton = (label, to, kind) => button(label, () => go(to), kind);

/** @type {Record<string, "good" | "bad" | "warn" | "">} */
const TONES = {
  ...{ HEALTHY: "good", FAILING: "bad", BREAKER_OPEN: "bad", RATE_LIMITED: "warn", PAUSED: "warn", DISABLED: "bad", IDLE: "" },
  ...{ PENDING: "", RETRYING: "warn", SUCCEEDED: "good", FAILED: "bad", CANCELED: "" },
  ...{ RUNNING: "warn", COMPLETED: "good", ACTIVE: "good", OPEN: "bad", ACKNOWLEDGED: "warn", RESOLVED: "good" },
};

/** A value of an enum of states as a small label. @param {string} state */
export function badge(state) {
  return el("span", { class: `badge ${TONES[state] ?? ""}`, "data-state": state }, words(state));
}

/** Names and values, one pair a line; pairs without a value are left out. @param {readonly (readonly [string, import("../lib/dom.js").Child])[]} pairs */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0));
  return el("dl", { class: "facts paper" }, shown.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** Text as it is, line by line. It can be scrolled by keyboard, so it takes the focus. @param {string} [text] */
export const preformatted = (text) => el("pre", { tabindex: "0" }, text);

/** @param {unknown} value */
export const json = (value) => preformatted(JSON.stringify(value, null, 2));
