/** The steps of a connection test, one line each: what was done, whether it went well, how long it took. */

import { preformatted } from "./elements.js";
import { duration, el, pretty, words } from "../lib/index.js";

/** @typedef {{ name: string, ok: boolean, durationMs: number, detail: string }} Step */
/** @typedef {{ status: number, body: string, truncated: boolean }} Answer */

/** @type {Record<string, string>} */
const TITLES = { RESOLVE: "Resolve the name", CONNECT: "Connect", TLS: "TLS and certificate", REQUEST: "Send the request", RESPONSE: "Read the response" };

/** @param {{ ok: boolean | null, steps: readonly Step[] | null, response?: Answer | null }} tried */
export function connectionSteps({ ok, steps, response }) {
  return el(
    "div",
    { class: "stack", role: "status" },
    el("p", { class: ok ? "notice" : "notice bad" }, ok ? "The receiver answered. The connection works." : "The connection does not work yet."),
    el("ol", {}, (steps ?? []).map(step)),
    response && el("details", { open: !ok }, el("summary", {}, `Response ${response.status}`), preformatted(pretty(response.body) || "(empty)")),
  );
}

/** @param {Step} step */
function step({ name, ok, durationMs, detail }) {
  return el(
    "li",
    {},
    el("span", { class: `badge ${ok ? "good" : "bad"}` }, ok ? "OK" : "Failed"),
    ` ${TITLES[name] ?? words(name)}, ${duration(durationMs)}`,
    el("div", { class: "soft" }, detail),
  );
}
