/** "Webhooks": all of them with their health, what they did lately, and the way to add one. */

import { ask } from "../lib/api.js";
import { Component, every } from "../lib/component.js";
import { el, fill, reconcile } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { address, changeFilters, place } from "../lib/router.js";
import { may } from "../lib/session.js";
import { WebhookNews, Webhooks } from "../operations.js";
import { button, goButton } from "../parts/button.js";
import { badge } from "../parts/badge.js";
import { outcomeBars } from "../parts/charts.js";
import { empty, show } from "../parts/states.js";

/** @typedef {import("../operations.js").WebhooksData["webhooks"]["nodes"][number]} Row */

/** Health and charts follow from deliveries, which may come by the thousand: they are looked at again this often. */
const REFRESH_MS = 10_000;

class WebhookList extends Component {
  body = el("tbody");
  table = el(
    "table",
    {},
    el("caption", { class: "visually-hidden" }, "Webhooks"),
    el("thead", {}, el("tr", {}, ["Name", "Health", "Events", "Last 24 hours"].map((title) => el("th", { scope: "col" }, title)))),
    this.body,
  );
  list = el("div");

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const search = el("input", { type: "search", "aria-label": "Search", placeholder: "Name or URL", value: place().search.get("search") });
    search.addEventListener("change", () => changeFilters({ search: search.value || null }));
    this.replaceChildren(
      el("div", { class: "row spread" }, el("h1", {}, "Webhooks"), may("MANAGE") && goButton("Add Webhook", address(["add-webhook"]), "primary")),
      el("div", { class: "row" }, search),
      this.list,
    );
    const load = () => show(this.list, leaving, () => this.load(leaving));
    load();
    leaving.addEventListener("abort", follow(WebhookNews, {}, { next: load }));
    every(REFRESH_MS, leaving, load);
  }

  /** @param {AbortSignal} leaving */
  async load(leaving) {
    const search = place().search.get("search");
    const { webhooks } = await ask(Webhooks, { filter: { search }, first: 100 }, leaving);
    if (webhooks.nodes.length === 0) return this.nothing(search);
    reconcile(this.body, webhooks.nodes, { key: ({ id }) => id, create: (item) => update(el("tr"), item), update });
    return this.table;
  }

  /** @param {string | null} search */
  nothing(search) {
    if (search) return empty(`No webhook matches “${search}”.`, button("Clear", () => changeFilters({ search: null })));
    return empty(`There are no webhooks yet.${may("MANAGE") ? " Choose Add Webhook to be sent what happens." : ""}`);
  }
}
customElements.define("eev-webhooks", WebhookList);

/** @param {HTMLElement} element @param {Row} webhook */
function update(element, webhook) {
  fill(
    element,
    el("td", {}, el("a", { href: address(["webhooks", webhook.id]) }, webhook.name), el("div", { class: "soft" }, webhook.url)),
    el("td", { "data-label": "Health" }, badge(webhook.status), el("div", { class: "soft" }, webhook.statusReason)),
    el("td", { "data-label": "Events" }, webhook.eventTypes.join(", ")),
    el("td", { "data-label": "Last 24 hours" }, outcomeBars(webhook.stats.series, "Last 24 hours")),
  );
  return element;
}
