/** States in words and colours; the word alone says it all. */

import { el, words } from "../lib/index.js";

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
