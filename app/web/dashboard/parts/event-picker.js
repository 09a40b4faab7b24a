/**
 * Chooses event types: a group per category whose tick is a pattern (`ticket.*`), and within it each type with its
 * description and example.
 *
 * @typedef {{ name: string, category: string, description: string, example: unknown }} EventType
 */

import { choice } from "./form.js";
import { json } from "./elements.js";
import { el, fill, words } from "../lib/index.js";

const CATEGORIES = ["CONVERSATION", "TICKET", "AGENT", "SYSTEM", "CUSTOM", "OPERATIONAL"];
/** Categories whose types do not share the first part of their names. */
const MIXED = new Set(["CUSTOM", "OPERATIONAL"]);

export class EventPicker extends HTMLElement {
  /** @type {Set<string>} */
  #chosen = new Set();
  /** @type {readonly EventType[]} */
  #types = [];

  /** The names and patterns that are chosen. */
  get value() {
    return [...this.#chosen];
  }

  /** Shows the types and the choice so far. @param {readonly EventType[]} types @param {readonly string[]} chosen */
  offer(types, chosen) {
    this.#types = types;
    this.#chosen = new Set(chosen);
    const known = new Set(["*", ...types.flatMap(({ name, category }) => [name, pattern(category)])]);
    const others = chosen.filter((name) => !known.has(name));
    fill(
      this,
      this.#box("*", "All events", "Also those of types that are added later; not the server's own alerts."),
      CATEGORIES.map((category) => this.#group(category)),
      others.map((name) => this.#box(name, name, "")),
    );
    this.#refresh();
  }

  /** @param {string} category */
  #group(category) {
    const types = this.#types.filter((type) => type.category === category);
    if (types.length === 0) return null;
    const whole = MIXED.has(category) ? null : this.#box(pattern(category), pattern(category), `All ${words(category).toLowerCase()} events`);
    return el("fieldset", { class: "group" }, el("legend", {}, words(category)), whole, types.map((type) => this.#type(type)));
  }

  /** @param {EventType} type */
  #type(type) {
    return el(
      "div",
      { class: "type" },
      this.#box(type.name, type.name, type.description),
      el("details", {}, el("summary", { class: "soft", "aria-label": `Example of ${type.name}` }, "Example"), json(type.example)),
    );
  }

  /** @param {string} name @param {string} label @param {string} hint */
  #box(name, label, hint) {
    const input = el("input", { type: "checkbox", value: name });
    input.addEventListener("change", () => this.#toggle(name, input.checked));
    input.checked = this.#chosen.has(name);
    return choice(label, input, hint);
  }

  /** @param {string} name @param {boolean} on */
  #toggle(name, on) {
    if (on) this.#chosen.add(name);
    else this.#chosen.delete(name);
    this.#refresh();
    this.dispatchEvent(new Event("change"));
  }

  /** A type that a chosen pattern covers already needs no tick of its own. */
  #refresh() {
    const all = this.#chosen.has("*");
    for (const input of this.querySelectorAll("input")) {
      const group = input.value.endsWith(".*") ? null : `${input.value.split(".")[0]}.*`;
      input.disabled = (all && input.value !== "*") || (group !== null && this.#chosen.has(group));
    }
  }
}
customElements.define("eev-event-picker", EventPicker);

/** @param {string} category */
function pattern(category) {
  return `${category.toLowerCase()}.*`;
}
