/** "Add Webhook": fill in, test the connection before anything is saved, save, and see the secret once. */

import { ask, sentence } from "../lib/api.js";
import { Component } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { address } from "../lib/router.js";
import { CreateWebhook, EventTypeChoices, PingWebhook, TestConnection } from "../operations.js";
import { announce } from "../parts/announce.js";
import { copyButton } from "../parts/copy.js";
import { clearErrors, showErrors } from "../parts/form.js";
import { receiverCode } from "../parts/receiver-code.js";
import { failed, loading, show } from "../parts/states.js";
import { connectionSteps } from "../parts/steps.js";
import { webhookFields } from "../parts/webhook-form.js";

class AddWebhook extends Component {
  summary = el("div", { tabindex: "-1" });
  result = el("div");
  test = el("button", { type: "button", onclick: () => this.tryConnection() }, "Test connection");
  save = el("button", { type: "submit", class: "primary" }, "Save");
  form = el("form", { class: "stack", novalidate: true, onsubmit: (/** @type {Event} */ event) => this.create(event) });
  /** @type {ReturnType<typeof webhookFields> | null} */
  fields = null;

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const body = el("div", { class: "narrow stack" });
    this.replaceChildren(el("h1", {}, "Add Webhook"), body);
    show(body, leaving, async () => {
      const { eventTypes } = await ask(EventTypeChoices, {}, leaving);
      this.fields = webhookFields(eventTypes, null);
      fill(this.form, this.fields.element, this.summary, this.result, el("div", { class: "row" }, this.save, this.test, el("a", { href: address(["webhooks"]) }, "Cancel")));
      return this.form;
    });
  }

  async tryConnection() {
    const tried = await this.run(TestConnection, { input: { webhook: this.read() } }, "testConnection");
    if (tried) fill(this.result, connectionSteps(tried));
  }

  /** @param {Event} event */
  async create(event) {
    event.preventDefault();
    const created = await this.run(CreateWebhook, { input: this.read() }, "createWebhook");
    if (created?.webhook && created.secret) this.replaceChildren(saved(created.webhook, created.secret));
  }

  read() {
    return /** @type {NonNullable<typeof this.fields>} */ (this.fields).read();
  }

  /**
   * Runs a mutation with both buttons held; errors stand at their fields, and what was typed stays.
   *
   * @template {{ userErrors: { message: string, path: string[] }[] }} Payload
   * @template {string} Name
   * @template Variables
   * @param {import("../lib/api.js").Operation<Record<Name, Payload>, Variables>} operation
   * @param {Variables} variables
   * @param {Name} name
   * @returns {Promise<Payload | null>}
   */
  async run(operation, variables, name) {
    clearErrors(this.form, this.summary);
    fill(this.result, loading());
    this.save.disabled = this.test.disabled = true;
    try {
      const payload = (await ask(operation, variables))[name];
      fill(this.result);
      if (payload.userErrors.length === 0) return payload;
      showErrors(this.form, this.summary, payload.userErrors);
    } catch (error) {
      fill(this.result, failed(error));
    } finally {
      this.save.disabled = this.test.disabled = false;
    }
    return null;
  }
}
customElements.define("eev-add-webhook", AddWebhook);

/**
 * What follows a save: the secret, shown this once, and how to use it.
 *
 * @param {{ id: string, name: string, url: string }} webhook
 * @param {string} secret
 */
function saved(webhook, secret) {
  const outcome = el("div", { role: "status" });
  const send = el("button", { type: "button" }, "Send a test event");
  send.addEventListener("click", () => sendTest(webhook.id, send, outcome));
  const heading = el("h1", { tabindex: "-1" }, `${webhook.name} is saved`);
  announce("The webhook is saved.");
  queueMicrotask(() => heading.focus());
  return el(
    "div",
    { class: "narrow stack" },
    heading,
    el("p", { class: "notice warn" }, "This is the only time that the secret is shown. Your receiver needs it to verify what arrives."),
    el("div", { class: "row" }, el("code", { "aria-label": "Secret" }, secret), copyButton(() => secret)),
    el("h2", {}, "A receiver that verifies"),
    receiverCode(secret),
    el("div", { class: "row" }, send, el("a", { class: "button", href: address(["webhooks", webhook.id]) }, "Go to the webhook")),
    outcome,
  );
}

/**
 * @param {string} id
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} outcome
 */
async function sendTest(id, button, outcome) {
  button.disabled = true;
  try {
    const { pingWebhook } = await ask(PingWebhook, { input: { id } });
    const { attempt, userErrors } = pingWebhook;
    const good = attempt?.outcome === "SUCCEEDED";
    const text = good ? `The receiver answered ${attempt.response?.status}.` : (attempt?.error ?? userErrors[0]?.message ?? `The receiver answered ${attempt?.response?.status}.`);
    const link = pingWebhook.delivery && el("a", { href: address(["deliveries", pingWebhook.delivery.id]) }, "See the delivery");
    fill(outcome, el("p", { class: `notice ${good ? "" : "bad"}` }, text, " ", link));
  } catch (error) {
    fill(outcome, el("p", { class: "notice bad" }, sentence(error)));
  }
  button.disabled = false;
}
