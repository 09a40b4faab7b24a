/** The open problems of a webhook: failures with one cause, one of them to look at, and a way to try all again. */

import { act } from "./act.js";
import { button } from "./elements.js";
import { when } from "./when.js";
import { address, ask, bounded, counted, el, go, may } from "../lib/index.js";
import { RetryFailed } from "../operations.js";

/** @typedef {import("../operations.js").WebhookDetailsData["problems"]["nodes"][number]} Problem */

/** @param {string} webhook @param {readonly Problem[]} problems @param {Element} outcome where errors are shown */
export function openProblems(webhook, problems, outcome) {
  const entries = problems.map((problem) => el("li", { class: "row spread" }, description(problem), may("MANAGE") && problem.affected.count > 0 && button("Retry all of it", () => retry(webhook, problem, outcome))));
  return entries.length > 0 && el("section", { class: "paper", "aria-label": "Problems" }, el("h2", {}, "Problems"), el("ul", { class: "problems" }, entries));
}

/** @param {Problem} problem */
function description({ cause, failures, openedAt, affected, example }) {
  const link = example && el("a", { href: address(["deliveries", example.delivery.id]) }, "See an example");
  return el("div", {}, el("strong", {}, cause), el("div", { class: "soft" }, `${counted(failures, "attempt")} failed since `, when(openedAt), `; deliveries affected: ${bounded(affected)}. `, link));
}

/** Begins to try everything again that the problem affects, and goes to where its progress is shown. @type {(webhook: string, problem: Problem, outcome: Element) => Promise<void>} */
async function retry(webhook, { id }, outcome) {
  const payload = await act(outcome, async () => (await ask(RetryFailed, { input: { problemId: id } })).retryDeliveries, "The recovery has begun.");
  if (payload?.operation) go(address(["recover"], { webhook, operation: payload.operation.id }));
}
