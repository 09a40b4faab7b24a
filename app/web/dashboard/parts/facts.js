/** Names and values, one pair a line; pairs without a value are left out. */

import { el } from "../lib/index.js";

/** @param {readonly (readonly [string, import("../lib/dom.js").Child])[]} pairs */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "");
  return el("dl", { class: "facts paper" }, shown.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
