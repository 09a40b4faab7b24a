/** "API keys": who may call the API, with which scopes; a new key is shown once. */

import { ask } from "../lib/api.js";
import { Component } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { currentViewer } from "../lib/session.js";
import { ApiKeys, CreateApiKey, RevokeApiKey } from "../operations.js";
import { act } from "../parts/act.js";
import { copyButton } from "../parts/copy.js";
import { confirmed } from "../parts/dialog.js";
import { choice, clearErrors, field, showErrors } from "../parts/form.js";
import { pages } from "../parts/pages.js";
import { empty, failed } from "../parts/states.js";
import { when } from "../parts/when.js";

class ApiKeysScreen extends Component {
  outcome = el("div");
  list = el("div");

  /** @param {AbortSignal} leaving */
  start(leaving) {
    this.replaceChildren(el("h1", {}, "API keys"), this.outcome, this.list, el("h2", {}, "Create a key"), this.form());
    fill(
      this.list,
      pages({
        caption: "API keys",
        titles: ["Name", "Scopes", "Last used", "Expires", ""],
        load: async (after) => (await ask(ApiKeys, { first: 50, after }, leaving)).apiKeys,
        cells: (key) => [
          [key.name, el("span", { class: "soft" }, ` …${key.hint}`)],
          key.scopes.join(", "),
          when(key.lastUsedAt, "Never"),
          when(key.expiresAt, "Never"),
          key.revokedAt ? el("span", { class: "badge" }, "Revoked") : el("button", { type: "button", class: "danger", "aria-label": `Revoke ${key.name}`, onclick: () => this.revoke(key) }, "Revoke"),
        ],
        nothing: empty("There are no keys."),
        leaving,
      }),
    );
  }

  form() {
    const name = el("input", { autocomplete: "off" });
    const scopes = (currentViewer()?.scopes ?? []).map((scope) => el("input", { type: "checkbox", value: scope }));
    const summary = el("div", { tabindex: "-1" });
    const boxes = el("fieldset", { class: "field", "data-path": "scopes", "aria-describedby": "scopes-error", tabindex: "-1" }, el("legend", {}, "Scopes"), scopes.map((box) => choice(box.value, box)), el("div", { class: "error", id: "scopes-error" }));
    const form = el("form", { class: "stack paper narrow", novalidate: true }, field("Name", name, { path: "name" }), boxes, summary, el("div", {}, el("button", { type: "submit", class: "primary" }, "Create")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = /** @type {import("../operations.js").Scope[]} */ (scopes.filter(({ checked }) => checked).map(({ value }) => value));
      this.create(form, summary, { name: name.value, scopes: chosen });
    });
    return form;
  }

  /**
   * @param {HTMLFormElement} form
   * @param {Element} summary
   * @param {import("../operations.js").CreateApiKeyInput} input
   */
  async create(form, summary, input) {
    clearErrors(form, summary);
    try {
      const { key, userErrors } = (await ask(CreateApiKey, { input })).createApiKey;
      if (!key) return showErrors(form, summary, userErrors);
      this.placed();
      fill(this.outcome, el("div", { class: "notice warn", role: "status" }, el("p", {}, "The new key. It is shown this once."), el("div", { class: "row" }, el("code", { "aria-label": "API key" }, key), copyButton(() => key))));
    } catch (error) {
      fill(summary, failed(error));
    }
  }

  /** @param {{ id: string, name: string }} key */
  async revoke({ id, name }) {
    const text = "Whatever uses it is refused from now on, and the sessions that were opened with it end.";
    if (!(await confirmed({ title: `Revoke ${name}?`, text, action: "Revoke" }))) return;
    if (await act(this.outcome, async () => (await ask(RevokeApiKey, { input: { id } })).revokeApiKey, "The key is revoked.")) this.placed();
  }
}
customElements.define("eev-api-keys", ApiKeysScreen);
