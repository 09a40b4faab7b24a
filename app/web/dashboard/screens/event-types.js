/** "Event types": the catalogue with schemas and examples; custom types are made, changed and archived here. */

import { ask } from "../lib/api.js";
import { Component } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { words } from "../lib/format.js";
import { may } from "../lib/session.js";
import { Catalogue, CreateEventType, UpdateEventType } from "../operations.js";
import { act } from "../parts/act.js";
import { clearErrors, field, showErrors } from "../parts/form.js";
import { failed, show } from "../parts/states.js";

/** @typedef {import("../operations.js").CatalogueData["eventTypes"][number]} EventType */

class EventTypesScreen extends Component {
  outcome = el("div");
  body = el("div", { class: "stack" });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const add = el("button", { type: "button", class: "primary", onclick: () => this.edit(null) }, "Add event type");
    this.replaceChildren(el("div", { class: "row spread" }, el("h1", {}, "Event types"), may("ADMIN") && add), this.outcome, this.body);
    show(this.body, leaving, async () => (await ask(Catalogue, {}, leaving)).eventTypes.map((type) => this.entry(type)));
  }

  /** @param {EventType} type */
  entry(type) {
    const { name, category, description, archived } = type;
    return el(
      "details",
      { class: "paper" },
      el("summary", {}, name, " ", el("span", { class: "badge" }, words(category)), archived && el("span", { class: "badge warn" }, "Archived"), el("span", { class: "soft" }, ` ${description}`)),
      category === "CUSTOM" && may("ADMIN") && this.buttons(type),
      el("h3", {}, "Example"),
      el("pre", { tabindex: "0" }, JSON.stringify(type.example, null, 2)),
      el("h3", {}, "JSON Schema"),
      el("pre", { tabindex: "0" }, JSON.stringify(type.jsonSchema, null, 2)),
    );
  }

  /** @param {EventType} type */
  buttons(type) {
    const archive = async () => {
      const input = { name: type.name, archived: !type.archived };
      if (await act(this.outcome, async () => (await ask(UpdateEventType, { input })).updateEventType, "The event type is changed.")) this.placed();
    };
    return el("div", { class: "row" }, el("button", { type: "button", onclick: () => this.edit(type) }, "Edit"), el("button", { type: "button", onclick: archive }, type.archived ? "Restore" : "Archive"));
  }

  /** @param {EventType | null} type */
  edit(type) {
    const name = el("input", { value: type?.name, disabled: type !== null, placeholder: "order.shipped", autocomplete: "off" });
    const description = el("input", { value: type?.description, autocomplete: "off" });
    const schema = el("textarea", { class: "code", rows: "8", spellcheck: "false", value: type ? JSON.stringify(type.jsonSchema, null, 2) : "" });
    const example = el("textarea", { class: "code", rows: "8", spellcheck: "false", value: type ? JSON.stringify(type.example, null, 2) : "" });
    const summary = el("div", { tabindex: "-1" });
    const form = el(
      "form",
      { class: "stack paper narrow", novalidate: true },
      field("Name", name, { path: "name" }),
      field("Description", description, { path: "description" }),
      field("JSON Schema", schema, { path: "jsonSchema", optional: true }),
      field("Example", example, { path: "example", optional: true }),
      summary,
      el("div", { class: "row" }, el("button", { type: "submit", class: "primary" }, "Save"), el("button", { type: "button", onclick: () => fill(this.outcome) }, "Cancel")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save(form, summary, type !== null, () => ({ name: name.value, description: description.value, ...json("jsonSchema", schema.value), ...json("example", example.value) }));
    });
    fill(this.outcome, form);
    (type ? description : name).focus();
  }

  /**
   * @param {HTMLFormElement} form
   * @param {Element} summary
   * @param {boolean} exists
   * @param {() => import("../operations.js").CreateEventTypeInput} read
   */
  async save(form, summary, exists, read) {
    clearErrors(form, summary);
    try {
      const input = read();
      const { userErrors } = exists ? (await ask(UpdateEventType, { input })).updateEventType : (await ask(CreateEventType, { input })).createEventType;
      if (userErrors.length > 0) return showErrors(form, summary, userErrors);
      fill(this.outcome);
      this.placed();
    } catch (error) {
      fill(summary, failed(error));
    }
  }
}
customElements.define("eev-event-types", EventTypesScreen);

/**
 * @param {string} name
 * @param {string} text
 */
function json(name, text) {
  if (!text.trim()) return {};
  try {
    return { [name]: JSON.parse(text) };
  } catch (error) {
    throw new Error(`${name} is not JSON: ${/** @type {Error} */ (error).message}`);
  }
}
