/** The way in: an API key, pasted once. */

import { Component } from "../lib/component.js";
import { el } from "../lib/dom.js";
import { signIn } from "../lib/session.js";
import { clearErrors, field, showErrors } from "../parts/form.js";
import { sentence } from "../lib/api.js";

class SignIn extends Component {
  key = el("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "eev_…" });
  button = el("button", { type: "submit", class: "primary" }, "Sign in");
  summary = el("div");

  start() {
    const reason = this.getAttribute("reason");
    const hint = "It is exchanged for a session that ends after 12 idle hours. The page does not keep the key.";
    /** @type {HTMLFormElement} */
    const form = el(
      "form",
      { class: "stack paper narrow", onsubmit: (/** @type {SubmitEvent} */ event) => this.submit(event, form) },
      el("h1", {}, "Webhooks"),
      reason && el("p", { class: "notice warn", role: "alert" }, reason),
      field("API key", this.key, { hint, path: "key" }),
      this.summary,
      el("div", {}, this.button),
      el("p", { class: "soft" }, "No key yet? The server prints one at its first start; ", el("code", {}, "eev-webhooks key create"), " makes more."),
    );
    this.replaceChildren(el("main", {}, form));
    this.key.focus();
  }

  /**
   * @param {SubmitEvent} event
   * @param {HTMLElement} form
   */
  async submit(event, form) {
    event.preventDefault();
    clearErrors(form, this.summary);
    this.button.disabled = true;
    try {
      await signIn(this.key.value.trim());
      this.dispatchEvent(new CustomEvent("signed-in"));
    } catch (error) {
      showErrors(form, this.summary, [{ message: sentence(error), path: ["key"] }]);
    }
    this.button.disabled = false;
  }
}
customElements.define("eev-sign-in", SignIn);
