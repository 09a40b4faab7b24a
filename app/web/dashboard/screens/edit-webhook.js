/** Edits the settings of a webhook; what is not changed stays as it is. */

import { address, ask, Component, el, go } from "../lib/index.js";
import { EventTypeChoices, UpdateWebhook, WebhookSettings } from "../operations.js";
import { gone, show, submit, webhookFields } from "../parts/index.js";

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
      const summary = el("div", { tabindex: "-1" });
      const save = el("button", { type: "submit", class: "primary" }, "Save");
      const form = el("form", { class: "stack", novalidate: true }, fields.element, summary, el("div", { class: "row" }, save, el("a", { href: address(["webhooks", id]) }, "Cancel")));
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const input = { id, ...changes(fields.read(), webhook) };
        if (await submit(form, summary, async () => (await ask(UpdateWebhook, { input })).updateWebhook)) go(address(["webhooks", id]));
      });
      return form;
    });
  }
}
customElements.define("eev-edit-webhook", EditWebhook);

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
