/** A webhook: how it does, what is wrong and what would mend it, its deliveries, and its settings. */

import { auditList } from "./audit-log.js";
import { address, ask, Component, counted, currentToken, duration, el, fill, follow, may, moment, number, percent, readable, words } from "../lib/index.js";
import { WebhookDetails, WebhookNews } from "../operations.js";
import { badge, countdown, DeliveryList, facts, failed, gone, lineChart, loading, openProblems, outcomeBars, webhookActions, when } from "../parts/index.js";

/** @typedef {NonNullable<import("../operations.js").WebhookDetailsData["webhook"]>} Webhook */

const DAY_MS = 86_400_000;
const PERCENTILES = /** @type {const} */ (["p50", "p95", "p99"]);
const REMEDY = "Fix, try one, resume: mend the receiver, send it one event with Ping, and choose Resume. Recover then sends what was missed.";

class WebhookScreen extends Component {
  top = el("div", { class: "stack" }, loading());
  outcome = el("div");
  settings = el("div");

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const id = this.dataset.id ?? "";
    const deliveries = new DeliveryList({ webhookId: id }, leaving);
    const rest = el("div", { class: "stack", hidden: true }, el("h2", {}, "Deliveries"), deliveries.element, el("h2", {}, "Settings"), this.settings, may("ADMIN") && !currentToken() && [el("h2", {}, "Changes"), auditList(id, leaving)]);
    this.replaceChildren(this.top, this.outcome, rest);
    const load = () => this.load(id, leaving).then((there) => (rest.hidden = !there));
    load().then(() => deliveries.begin());
    leaving.addEventListener("abort", follow(WebhookNews, { webhookId: id }, { next: load, failed: () => {}, cursor: (data) => data.webhookChanges.cursor }));
  }

  /** @param {string} id @param {AbortSignal} leaving */
  async load(id, leaving) {
    try {
      const since = new Date(Date.now() - DAY_MS).toISOString();
      const { webhook, problems } = await ask(WebhookDetails, { id, since }, leaving);
      if (webhook) {
        const changed = () => this.load(id, leaving);
        fill(this.top, heading(webhook), webhookActions(webhook, this.outcome, changed), openProblems(id, problems.nodes, this.outcome), charts(webhook));
        fill(this.settings, settings(webhook));
      } else fill(this.top, gone("webhook", address(["webhooks"])));
      return webhook !== null;
    } catch (error) {
      if (!leaving.aborted) fill(this.top, failed(error, () => this.load(id, leaving)));
      return false;
    }
  }
}
customElements.define("eev-webhook", WebhookScreen);

/** @param {Webhook} webhook */
function heading({ name, url, status, statusChangedAt, health }) {
  const { state, reason, failingSince, disablesAt, nextProbeAt, backlog, lastFailure } = health;
  const wrong = state !== "HEALTHY" && state !== "IDLE";
  const cause = lastFailure && (lastFailure.error ?? `The receiver answered ${lastFailure.response?.status}.`);
  return el(
    "div",
    { class: "stack" },
    el("div", {}, el("div", { class: "row" }, el("h1", {}, name), badge(state)), el("div", { class: "soft" }, url)),
    wrong && el("div", { class: `notice ${state === "PAUSED" ? "warn" : "bad"}`, role: "status" }, el("p", {}, readable(reason)), status === "DISABLED" && REMEDY),
    wrong && facts([
      ["Since", when(status === "ACTIVE" ? failingSince : statusChangedAt, "")],
      ["Last failure", cause],
      ["Waiting", backlog > 0 && counted(backlog, "delivery", "deliveries")],
      ["Next try", nextProbeAt && countdown(nextProbeAt)],
      ["Disabled if it goes on", when(disablesAt, "")],
    ]),
  );
}

/** @param {Webhook} webhook */
function charts({ stats }) {
  const { complete, succeeded, failed: bad, pending, successRate, latencyMs, series, groups } = stats;
  const finished = succeeded + bad > 0 ? `${percent(successRate)} succeeded, ${number(succeeded)} of ${number(succeeded + bad)}` : "None finished";
  const latency = `Latency: ${PERCENTILES.map((name) => `${name} ${duration(latencyMs[name])}`).join(", ")}`;
  return el(
    "section",
    { class: "paper stack", "aria-label": "The last 24 hours" },
    el("div", { class: "row spread" }, el("h2", {}, "The last 24 hours"), el("span", { class: "soft" }, complete ? `${finished}; ${number(pending)} open` : "Too many deliveries to count in time")),
    outcomeBars(series, "Outcomes in the last 24 hours", "chart"),
    groups.length > 0 && el("p", { class: "soft" }, `By outcome: ${groups.map(({ key, deliveries }) => `${words(key)} ${number(deliveries)}`).join(", ")}`),
    el("p", { class: "soft" }, latency),
    series.filter(({ latencyMs }) => latencyMs.p50 !== null).length > 1 && lineChart(PERCENTILES.map((name) => ({ name, values: series.map(({ latencyMs }) => latencyMs[name]) })), latency),
  );
}

/** @param {Webhook} webhook */
function settings(webhook) {
  const { authentication, retryPolicy, secrets } = webhook;
  return facts([
    ["Events", webhook.eventTypes.join(", ")],
    ["Filter", webhook.filter && el("code", {}, webhook.filter)],
    ["Description", webhook.description],
    ["Request", `${webhook.method}, at most ${duration(webhook.timeoutSeconds * 1000)}`],
    ["SSL verification", webhook.verifySsl ? "On" : "Off"],
    ["IP allowlist", webhook.ipAllowlist.join(", ")],
    ["Headers", webhook.headers.map(({ name, value }) => el("div", {}, `${name}: ${value}`))],
    ["Authentication", authentication.kind !== "NONE" && `${words(authentication.kind)} ${authentication.username ?? ""}`],
    ["Retries after", retryPolicy.delaysSeconds.map((seconds) => duration(seconds * 1000)).join(", ") || "None"],
    ["Requests per second", webhook.rateLimitPerSecond ?? "No limit"],
    ["Requests at once", webhook.maxInFlight],
    ["Secrets", secrets.map((secret) => el("div", {}, `…${secret.hint} `, badge(secret.status), secret.expiresAt && [" signs until ", moment(secret.expiresAt), ", ", countdown(secret.expiresAt)], secret.publicKey && el("code", {}, secret.publicKey)))],
    ["Next rotation", webhook.nextSecretRotationAt && when(webhook.nextSecretRotationAt)],
    ["Created", moment(webhook.createdAt)],
    ["Changed", moment(webhook.updatedAt)],
    ["ID", el("code", {}, webhook.id)],
  ]);
}
