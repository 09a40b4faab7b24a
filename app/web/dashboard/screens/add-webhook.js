/** "Add Webhook": fill in, test the connection before anything is saved, save, and see the secret once. */

import { address, ask, Component, el, fill } from "../lib/index.js";
import { CreateWebhook, EventTypeChoices, TestConnection } from "../operations.js";
import { announce, button, connectionSteps, goButton, loading, ping, receiverCode, secretNotice, show, submit, webhookFields } from "../parts/index.js";

class AddWebhook extends Component {
  summary = el("div", { tabindex: "-1" });
  result = el("div", { "aria-live": "polite" });
  form = el("form", { class: "stack", novalidate: true });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const body = el("div", { class: "narrow stack" });
    this.replaceChildren(el("h1", {}, "Add Webhook"), body);
    show(body, leaving, async () => {
      const { eventTypes } = await ask(EventTypeChoices, {}, leaving);
      const fields = webhookFields(eventTypes, null);
      const buttons = [el("button", { type: "submit", class: "primary" }, "Save"), button("Test connection", () => this.tryConnection(fields.read()))];
      fill(this.form, fields.element, this.summary, this.result, el("div", { class: "row" }, buttons, el("a", { href: address(["webhooks"]) }, "Cancel")));
      this.form.onsubmit = (event) => this.create(event, fields.read());
      return this.form;
    });
  }

  /** @param {import("../operations.js").CreateWebhookInput} webhook */
  async tryConnection(webhook) {
    fill(this.result, loading("Testing…"));
    const tried = await submit(this.form, this.summary, async () => (await ask(TestConnection, { input: { webhook } })).testConnection);
    fill(this.result, tried && connectionSteps(tried));
  }

  /** @param {SubmitEvent} event @param {import("../operations.js").CreateWebhookInput} input */
  async create(event, input) {
    event.preventDefault();
    fill(this.result);
    const created = await submit(this.form, this.summary, async () => (await ask(CreateWebhook, { input })).createWebhook);
    if (created?.webhook && created.secret) this.replaceChildren(saved(created.webhook, created.secret));
  }
}
customElements.define("eev-add-webhook", AddWebhook);

/** @type {(webhook: { id: string, name: string }, secret: string) => HTMLElement} what follows a save */
function saved({ id, name }, secret) {
  const outcome = el("div", { role: "status" });
  const heading = el("h1", { tabindex: "-1" }, `${name} is saved`);
  announce("The webhook is saved.");
  queueMicrotask(() => heading.focus());
  return el(
    "div",
    { class: "narrow stack" },
    heading,
    secretNotice("Secret", "This is the only time that the secret is shown. Your receiver needs it to verify what arrives.", secret),
    el("h2", {}, "A receiver that verifies"),
    receiverCode(secret),
    el("div", { class: "row" }, button("Send a test event", () => ping(id, outcome)), goButton("Go to the webhook", address(["webhooks", id]))),
    outcome,
  );
}
