/** "Event types": the catalogue with schemas and examples; custom types are made, changed and archived here. */

import { ask, Component, el, fill, may, words } from "../lib/index.js";
import { Catalogue, CreateEventType, UpdateEventType } from "../operations.js";
import { act, button, field, json, show, submit } from "../parts/index.js";

/** @typedef {import("../operations.js").CatalogueData["eventTypes"][number]} EventType */

class EventTypesScreen extends Component {
  outcome = el("div");
  body = el("div", { class: "stack" });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const add = button("Add event type", () => this.edit(null), "primary");
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
      json(type.example),
      el("h3", {}, "JSON Schema"),
      json(type.jsonSchema),
    );
  }

  /** @param {EventType} type */
  buttons(type) {
    const archive = async () => {
      const input = { name: type.name, archived: !type.archived };
      if (await act(this.outcome, async () => (await ask(UpdateEventType, { input })).updateEventType, "The event type is changed.")) this.placed();
    };
    return el("div", { class: "row" }, button("Edit", () => this.edit(type)), button(type.archived ? "Restore" : "Archive", archive));
  }

  /** @param {EventType | null} type */
  edit(type) {
    const name = el("input", { value: type?.name, disabled: type !== null, placeholder: "order.shipped", autocomplete: "off" });
    const description = el("input", { value: type?.description, autocomplete: "off" });
    const [schema, example] = [code(type?.jsonSchema), code(type?.example)];
    const summary = el("div", { tabindex: "-1" });
    const form = el(
      "form",
      { class: "stack paper narrow", novalidate: true },
      field("Name", name, { path: "name" }),
      field("Description", description, { path: "description" }),
      field("JSON Schema", schema, { path: "jsonSchema", optional: true }),
      field("Example", example, { path: "example", optional: true }),
      summary,
      el("div", { class: "row" }, el("button", { type: "submit", class: "primary" }, "Save"), button("Cancel", () => fill(this.outcome))),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const read = () => ({ name: name.value, description: description.value, ...parsed("jsonSchema", schema.value), ...parsed("example", example.value) });
      if (await submit(form, summary, () => save(type !== null, read()))) {
        fill(this.outcome);
        this.placed();
      }
    });
    fill(this.outcome, form);
    (type ? description : name).focus();
  }
}
customElements.define("eev-event-types", EventTypesScreen);

/** @type {(exists: boolean, input: import("../operations.js").CreateEventTypeInput) => Promise<{ userErrors: { message: string, path: string[] }[] }>} */
async function save(exists, input) {
  return exists ? (await ask(UpdateEventType, { input })).updateEventType : (await ask(CreateEventType, { input })).createEventType;
}

/** @param {unknown} value */
function code(value) {
  return el("textarea", { class: "code", rows: "8", spellcheck: "false", value: value === undefined ? "" : JSON.stringify(value, null, 2) });
}

/** @param {string} name @param {string} text */
function parsed(name, text) {
  if (!text.trim()) return {};
  try {
    return { [name]: JSON.parse(text) };
  } catch (error) {
    throw new Error(`${name} is not JSON: ${/** @type {Error} */ (error).message}`);
  }
}
