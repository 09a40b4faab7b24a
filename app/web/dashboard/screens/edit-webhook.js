/** Edits the settings of a webhook; what is not changed stays as it is. */

import { address, ask, Component, el, fill, go } from "../lib/index.js";
import { EventTypeChoices, TestWebhook, UpdateWebhook, WebhookSettings } from "../operations.js";
import { button, connectionSteps, gone, loading, show, submit, webhookFields } from "../parts/index.js";

class EditWebhook extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const id = this.dataset.id ?? "";
    const body = el("div", { class: "narrow stack" });
    this.replaceChildren(el("h1", {}, "Edit the webhook"), body);
    show(body, leaving, async () => {
      const [{ eventTypes }, { webhook }] = await Promise.all([ask(EventTypeChoices, {}, leaving), ask(WebhookSettings, { id }, leaving)]);
      if (webhook === null) return gone("webhook", address(["webhooks"]));
      const fields = webhookFields(eventTypes, webhook);
      return editForm(id, fields, webhook);
    });
  }
}
customElements.define("eev-edit-webhook", EditWebhook);

/** @param {string} id @param {ReturnType<typeof webhookFields>} fields @param {Record<string, any>} webhook */
function editForm(id, fields, webhook) {
  const [summary, tried] = [el("div", { tabindex: "-1" }), el("div", { "aria-live": "polite" })];
  const changed = () => ({ id, ...changes(fields.read(), webhook) });
  const test = async () => {
    fill(tried, loading("Testing…"));
    const payload = await submit(form, summary, async () => (await ask(TestWebhook, { input: { id, changes: changed() } })).testWebhook);
    fill(tried, payload && connectionSteps(payload));
  };
  const buttons = [el("button", { type: "submit", class: "primary" }, "Save"), button("Test connection", test)];
  const form = el("form", { class: "stack", novalidate: true }, fields.element, summary, tried, el("div", { class: "row" }, buttons, el("a", { href: address(["webhooks", id]) }, "Cancel")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await submit(form, summary, async () => (await ask(UpdateWebhook, { input: changed() })).updateWebhook)) go(address(["webhooks", id]));
  });
  return form;
}

/**
 * What differs from the webhook as it was loaded, so that two people who edit different settings do not undo each
 * other.
 *
 * @param {Record<string, any>} read
 * @param {Record<string, any>} webhook
 */
function changes(read, webhook) {
  const same = (/** @type {string} */ name) => JSON.stringify(read[name]) === JSON.stringify(webhook[name] ?? null);
  const headers = (/** @type {any[]} */ list) => JSON.stringify(list.map(({ name, value }) => [name, value]));
  return Object.fromEntries(
    Object.keys(read).filter((name) => (name === "headers" ? headers(read.headers) !== headers(webhook.headers) : !same(name))).map((name) => [name, read[name]]),
  );
}
