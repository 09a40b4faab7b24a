/** "Webhooks": all of them with their health, what they did lately, and the way to add one. */

import { address, ask, Component, currentViewer, el, every, fill, follow, may, place, readable, reconcile, words } from "../lib/index.js";
import { WebhookCounts, WebhookNews, Webhooks } from "../operations.js";
import { badge, goButton } from "../parts/elements.js";
import { outcomeBars } from "../parts/charts.js";
import { clearFilters, filterSearch, filterSelect } from "../parts/filters.js";
import { empty, show } from "../parts/states.js";
import { when } from "../parts/when.js";

/** @typedef {import("../operations.js").HealthState} HealthState */
/** @typedef {import("../operations.js").WebhooksData["webhooks"]["nodes"][number]} Row */
/** @typedef {import("../operations.js").WebhookCountsData["webhooks"]["nodes"][number]["stats"]} Stats */

/** Health and charts follow from deliveries, which may come by the thousand: they are looked at again this often. */
const REFRESH_MS = 10_000;
const HEALTH = ["HEALTHY", "FAILING", "BREAKER_OPEN", "RATE_LIMITED", "PAUSED", "DISABLED", "IDLE"];
/** @type {Record<string, import("../operations.js").WebhookOrder | undefined>} */
const ORDERS = { name: { field: "NAME", direction: "ASC" }, failure: { field: "LAST_FAILURE_AT", direction: "DESC" } };

class WebhookList extends Component {
  body = el("tbody");
  table = el(
    "table",
    {},
    el("caption", { class: "visually-hidden" }, "Webhooks"),
    el("thead", {}, el("tr", {}, ["Name", "Health", "Events", "Last delivery", "Last 24 hours"].map((title) => el("th", { scope: "col" }, title)))),
    this.body,
  );
  list = el("div");
  /** @type {Row[]} */
  rows = [];
  /** By the webhook's ID. @type {Map<string, Stats>} */
  counts = new Map();

  /** @param {AbortSignal} leaving */
  start(leaving) {
    this.replaceChildren(
      el("div", { class: "row spread" }, el("h1", {}, "Webhooks"), may("MANAGE") && !currentViewer()?.webhookIds && goButton("Add Webhook", address(["add-webhook"]), "primary")),
      el(
        "div",
        { class: "row", role: "search", "aria-label": "Filters" },
        filterSearch("Search", "search", "Name or URL"),
        filterSelect("Health", "health", HEALTH.map((state) => [state, words(state)])),
        filterSelect("Sort", "sort", [["name", "By name"], ["failure", "Last failure first"]], "Newest first"),
        clearFilters(),
      ),
      this.list,
    );
    const load = () => show(this.list, leaving, () => this.load(leaving));
    // Counting costs the server most, so news alone do not repeat it. If it fails, the bars stay as they are.
    const loadAndCount = () => load().then(() => this.count(leaving)).catch(() => {});
    loadAndCount();
    leaving.addEventListener("abort", follow(WebhookNews, {}, { next: load, cursor: (data) => data.webhookChanges.cursor }));
    every(REFRESH_MS, leaving, loadAndCount);
  }

  /** @param {AbortSignal} leaving */
  async load(leaving) {
    const { webhooks } = await ask(Webhooks, asked(), leaving);
    if (webhooks.nodes.length === 0) return nothing();
    this.rows = webhooks.nodes;
    this.draw();
    return [this.table, webhooks.pageInfo.hasNextPage && el("p", { class: "soft" }, "These are the first 100. Search to see others.")];
  }

  /** @param {AbortSignal} leaving */
  async count(leaving) {
    const { webhooks } = await ask(WebhookCounts, asked(), leaving);
    this.counts = new Map(webhooks.nodes.map(({ id, stats }) => [id, stats]));
    this.draw();
  }

  draw() {
    const update = (/** @type {HTMLElement} */ element, /** @type {Row} */ item) => fillRow(element, item, this.counts.get(item.id));
    reconcile(this.body, this.rows, { key: ({ id }) => id, create: (item) => update(el("tr"), item), update });
  }
}
customElements.define("eev-webhooks", WebhookList);

/** Which webhooks the address asks for. */
function asked() {
  const { search } = place();
  const health = /** @type {HealthState | null} */ (search.get("health"));
  return { filter: { search: search.get("search"), health: health && [health] }, orderBy: ORDERS[search.get("sort") ?? ""], first: 100 };
}

function nothing() {
  if (place().search.size > 0) return empty("No webhook matches. Clear the filters to see all.");
  return empty(`There are no webhooks yet.${may("MANAGE") ? " Choose Add Webhook to be sent what happens." : ""}`);
}

/** @param {HTMLElement} element @param {Row} webhook @param {Stats} [stats] undefined until they are counted */
function fillRow(element, webhook, stats) {
  fill(
    element,
    el("td", {}, el("a", { href: address(["webhooks", webhook.id]) }, webhook.name), el("div", { class: "soft" }, webhook.url)),
    el("td", { "data-label": "Health" }, badge(webhook.health.state), webhook.health.state !== "HEALTHY" && el("div", { class: "soft" }, readable(webhook.health.reason.split(/(?<=\.) /, 1)[0]))),
    el("td", { "data-label": "Events" }, webhook.eventTypes.join(", ")),
    el("td", { "data-label": "Last delivery" }, when(latest(webhook.health), "Never")),
    el("td", { "data-label": "Last 24 hours" }, stats && (stats.complete ? outcomeBars(stats.series, "Last 24 hours") : "Too many to count")),
  );
  return element;
}

/** When something was last sent. @param {Row["health"]} health */
function latest({ lastSuccessAt, lastFailureAt }) {
  return [lastSuccessAt, lastFailureAt].filter((time) => time !== null).sort().at(-1);
}
