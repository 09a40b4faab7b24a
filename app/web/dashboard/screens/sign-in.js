/** The way in: an API key, pasted once. */

import { Component, el, sentence, signIn } from "../lib/index.js";
import { field, submit } from "../parts/form.js";

class SignIn extends Component {
  key = el("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "eev_…" });
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
      el("div", {}, el("button", { type: "submit", class: "primary" }, "Sign in")),
      el("p", { class: "soft" }, "No key yet? The server prints one at its first start; ", el("code", {}, "eev-webhooks key create"), " makes more."),
    );
    this.replaceChildren(el("main", {}, form));
    this.key.focus();
  }

  /** @param {SubmitEvent} event @param {HTMLElement} form */
  async submit(event, form) {
    event.preventDefault();
    const refused = (/** @type {unknown} */ error) => [{ message: sentence(error), path: ["key"] }];
    const signed = await submit(form, this.summary, async () => ({ userErrors: await signIn(this.key.value.trim()).then(() => [], refused) }));
    if (signed) this.dispatchEvent(new CustomEvent("signed-in"));
  }
}
customElements.define("eev-sign-in", SignIn);
