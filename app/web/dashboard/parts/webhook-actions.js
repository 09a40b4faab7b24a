/** What can be done to a webhook: pause and resume, rotate and reveal its secret, ping, edit, delete. */

import { act } from "./act.js";
import { button, goButton } from "./elements.js";
import { secretNotice } from "./copy.js";
import { confirmed } from "./dialog.js";
import { ping } from "./ping.js";
import { address, ask, el, fill, go, may } from "../lib/index.js";
import { DeleteWebhook, PauseWebhook, ResumeWebhook, RevealSecret, RotateSecret } from "../operations.js";

/** @typedef {{ id: string, name: string, status: string }} Webhook */

/**
 * The buttons that the caller's scopes allow. `changed` is called when one of them has changed the webhook.
 *
 * @param {Webhook} webhook
 * @param {Element} outcome where results and errors are shown
 * @param {() => void} changed
 */
export function webhookActions(webhook, outcome, changed) {
  return el(
    "div",
    { class: "row" },
    may("MANAGE") && [
      goButton("Edit", address(["edit-webhook", webhook.id])),
      webhook.status === "ACTIVE" ? button("Pause", () => pause(webhook, outcome, changed)) : button("Resume", () => resume(webhook, outcome, changed)),
      button("Ping", () => ping(webhook.id, outcome)),
      goButton("Recover failures", address(["recover"], { webhook: webhook.id })),
    ],
    may("SECRETS") && [button("Rotate secret", () => rotate(webhook, outcome, changed)), button("Reveal secret", () => reveal(webhook, outcome))],
    may("MANAGE") && button("Delete", () => remove(webhook, outcome), "danger"),
  );
}

/** @param {Webhook} webhook @param {Element} outcome @param {() => void} changed */
async function pause({ id }, outcome, changed) {
  if (await act(outcome, async () => (await ask(PauseWebhook, { input: { id } })).pauseWebhook, "The webhook is paused.")) changed();
}

/** @param {Webhook} webhook @param {Element} outcome @param {() => void} changed */
async function resume({ id }, outcome, changed) {
  if (await act(outcome, async () => (await ask(ResumeWebhook, { input: { id } })).resumeWebhook, "The webhook is active.")) changed();
}

/** @param {Webhook} webhook @param {Element} outcome @param {() => void} changed */
async function rotate({ id, name }, outcome, changed) {
  const text = "A new secret signs from now on. The old one signs as well for 24 hours, so that the receiver can change over without losing anything.";
  if (!(await confirmed({ title: `Rotate the secret of ${name}?`, text, action: "Rotate secret" }))) return;
  const payload = await act(outcome, async () => (await ask(RotateSecret, { input: { id } })).rotateWebhookSecret, "The secret was rotated.");
  if (!payload?.secret) return;
  changed();
  fill(outcome, secretNotice("Secret", "The new secret. It is shown this once.", payload.secret));
}

/** @param {Webhook} webhook @param {Element} outcome */
async function reveal({ id }, outcome) {
  const payload = await act(outcome, async () => (await ask(RevealSecret, { input: { id } })).revealWebhookSecret, "The secret is shown.");
  if (payload?.secret) fill(outcome, secretNotice("Secret", "The current secret. The audit log says that it was revealed.", payload.secret));
}

/** @param {Webhook} webhook @param {Element} outcome */
async function remove({ id, name }, outcome) {
  const text = "Nothing more is sent to it, and what waits is canceled. This cannot be undone.";
  if (!(await confirmed({ title: `Delete ${name}?`, text, action: "Delete", typed: name }))) return;
  if (await act(outcome, async () => (await ask(DeleteWebhook, { input: { id } })).deleteWebhook, "The webhook is deleted.")) go(address(["webhooks"]));
}
