/**
 * One attempt: what was sent and what came back, exactly, and the cause of a failure in words.
 *
 * @typedef {import("../operations.js").AttemptDetails} Attempt
 */

import { partsBar } from "./charts.js";
import { copyButton } from "./copy.js";
import { when } from "./when.js";
import { preformatted } from "./elements.js";
import { duration, el, pretty, words } from "../lib/index.js";

/** @param {Attempt} attempt */
export function attemptView(attempt) {
  const { number, outcome, response, trigger } = attempt;
  const good = outcome === "SUCCEEDED";
  const answer = response ? `${response.status}` : words(outcome);
  return el(
    "details",
    { class: "paper", open: !good },
    el("summary", {}, `Attempt ${number}: `, el("span", { class: `badge ${good ? "good" : "bad"}` }, answer), ` ${duration(attempt.durationMs)}, `, when(attempt.startedAt), el("span", { class: "soft" }, ` (${words(trigger)})`)),
    el("p", { class: good ? "soft" : "problem" }, causeOf(attempt)),
    timingBar(attempt),
    requestView(attempt),
    response ? responseView(response) : el("p", { class: "soft" }, "There was no response."),
  );
}

/** What happened, in words. @param {Attempt} attempt */
function causeOf({ outcome, error, response, remoteAddress }) {
  if (error) return error;
  if (outcome === "SUCCEEDED") return `The receiver${remoteAddress ? ` at ${remoteAddress}` : ""} accepted the event.`;
  return response ? `The receiver answered ${response.status}; only 2xx counts as a success.` : `${words(outcome)}.`;
}

/** How long each part took, one after another, as a bar and in words. @param {Attempt} attempt */
function timingBar({ timing, sentAgain }) {
  const { resolveMs, connectMs, tlsMs, sendMs, firstByteMs, totalMs, connectionReused } = timing;
  const known = /** @type {[string, number | null][]} */ ([["Resolve", resolveMs], ["Connect", connectMs], ["TLS", tlsMs], ["Send", sendMs], ["Wait", firstByteMs]]);
  const parts = known.filter(([, took]) => took !== null).map(([name, took]) => ({ name, took: took ?? 0 }));
  const rest = totalMs - parts.reduce((sum, { took }) => sum + took, 0);
  if (parts.length > 0 && rest > 0) parts.push({ name: "Read", took: rest });
  const text = parts.map(({ name, took }) => `${name} ${duration(took)}`).join(", ");
  return [
    parts.length > 0 && partsBar(parts, `Time by part: ${text}`),
    el("p", { class: "soft" }, text, connectionReused && " The connection was kept from an earlier request.", sentAgain && " It was sent again, on a new connection."),
  ];
}

/** @param {Attempt} attempt */
function requestView({ request }) {
  return el(
    "section",
    {},
    el("div", { class: "row spread" }, el("h3", {}, "Request"), copyButton(() => curl(request), "Copy as curl")),
    preformatted(`${request.method} ${request.url}\n${headerLines(request.headers)}`),
    body(request.body),
  );
}

/** @param {NonNullable<Attempt["response"]>} response */
function responseView(response) {
  return el("section", {}, el("h3", {}, "Response"), preformatted(`${response.status}\n${headerLines(response.headers)}`), response.stored ? body(response.body) : el("p", { class: "soft" }, "Headers and body are not stored."), response.truncated && el("p", { class: "soft" }, "Only the beginning of the body was kept."));
}

/** A body as it was, or with indentation. @param {string} text */
function body(text) {
  if (!text) return el("p", { class: "soft" }, "The body is empty.");
  const shown = preformatted(pretty(text));
  const toggle = el("button", { type: "button", class: "plain", "aria-pressed": "false" }, "Raw");
  toggle.addEventListener("click", () => {
    const raw = toggle.getAttribute("aria-pressed") !== "true";
    toggle.setAttribute("aria-pressed", String(raw));
    shown.textContent = raw ? text : pretty(text);
  });
  return el("div", {}, toggle, shown);
}

/** @param {readonly { name: string, value: string }[]} headers */
function headerLines(headers) {
  return headers.map(({ name, value }) => `${name}: ${value}`).join("\n");
}

/** The request as a curl command; credentials are masked in what the API gives, and left out here. @param {Attempt["request"]} request */
export function curl({ method, url, headers, body }) {
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;
  const shown = headers.filter(({ value }) => !value.includes("•"));
  const lines = [`curl -X ${method} ${quoted(url)}`, ...shown.map(({ name, value }) => `-H ${quoted(`${name}: ${value}`)}`), `--data-raw ${quoted(body)}`];
  return lines.join(" \\\n  ");
}
