/** "API keys": who may call the API, with which scopes; a new key is shown once. */

import { ask, Component, currentViewer, el, fill, set } from "../lib/index.js";
import { ApiKeys, CreateApiKey, RevokeApiKey } from "../operations.js";
import { act, button, choice, confirmed, empty, field, group, pages, secretNotice, submit, when } from "../parts/index.js";

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
          key.revokedAt ? el("span", { class: "badge" }, "Revoked") : set(button("Revoke", () => this.revoke(key), "danger"), { "aria-label": `Revoke ${key.name}` }),
        ],
        nothing: empty("There are no keys."),
        leaving,
      }),
    );
  }

  form() {
    const name = el("input", { autocomplete: "off" });
    const boxes = (currentViewer()?.scopes ?? []).map((scope) => ({ scope, box: el("input", { type: "checkbox" }) }));
    const summary = el("div", { tabindex: "-1" });
    const scopes = group("Scopes", "scopes", boxes.map(({ scope, box }) => choice(scope, box)));
    const form = el("form", { class: "stack paper narrow", novalidate: true }, field("Name", name, { path: "name" }), scopes, summary, el("div", {}, el("button", { type: "submit", class: "primary" }, "Create")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const input = { name: name.value, scopes: boxes.filter(({ box }) => box.checked).map(({ scope }) => scope) };
      const created = await submit(form, summary, async () => (await ask(CreateApiKey, { input })).createApiKey);
      if (!created?.key) return;
      this.placed();
      fill(this.outcome, secretNotice("API key", "The new key. It is shown this once.", created.key));
    });
    return form;
  }

  /** @param {{ id: string, name: string }} key */
  async revoke({ id, name }) {
    const text = "Whatever uses it is refused from now on, and the sessions that were opened with it end.";
    if (!(await confirmed({ title: `Revoke ${name}?`, text, action: "Revoke" }))) return;
    if (await act(this.outcome, async () => (await ask(RevokeApiKey, { input: { id } })).revokeApiKey, "The key is revoked.")) this.placed();
  }
}
customElements.define("eev-api-keys", ApiKeysScreen);
