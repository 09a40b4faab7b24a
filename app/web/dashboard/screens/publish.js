/** "Publish a test event": the catalogue's example of a type, edited, with the schema's errors shown as one types. */

import { address, ask, Component, counted, el, fill } from "../lib/index.js";
import { EventTypeSchemas, PublishEvent } from "../operations.js";
import { field, show, submit, violations } from "../parts/index.js";

/** @typedef {import("../operations.js").EventTypeSchemasData["eventTypes"][number]} EventType */

class PublishScreen extends Component {
  summary = el("div", { tabindex: "-1" });
  hints = el("ul", { class: "problem", "aria-live": "polite" });
  data = el("textarea", { class: "code", rows: "18", spellcheck: "false" });

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const body = el("div", { class: "narrow stack" });
    this.replaceChildren(el("h1", {}, "Publish a test event"), body);
    show(body, leaving, async () => this.form((await ask(EventTypeSchemas, {}, leaving)).eventTypes.filter(({ archived }) => !archived)));
  }

  /** @param {EventType[]} types */
  form(types) {
    const type = el("select", {}, types.map(({ name }) => el("option", {}, name)));
    const chosen = () => types.find(({ name }) => name === type.value) ?? types[0];
    const example = () => {
      this.data.value = JSON.stringify(chosen().example, null, 2);
      this.check(chosen().jsonSchema);
    };
    type.addEventListener("change", example);
    this.data.addEventListener("input", () => this.check(chosen().jsonSchema));
    example();
    const form = el(
      "form",
      { class: "stack", novalidate: true },
      el("p", { class: "notice" }, "It is published as any other event: every webhook that matches is sent it."),
      field("Event type", type, { path: "type" }),
      field("Data", this.data, { path: "data", hint: "JSON, as the type's schema describes it." }),
      this.hints,
      this.summary,
      el("div", {}, el("button", { type: "submit", class: "primary" }, "Publish")),
    );
    form.addEventListener("submit", (event) => this.publish(event, form, type.value));
    return form;
  }

  /** @param {unknown} schema */
  check(schema) {
    fill(this.hints, violations(this.data.value, schema).slice(0, 8).map((text) => el("li", {}, text)));
  }

  /** @param {Event} event @param {HTMLFormElement} form @param {string} type */
  async publish(event, form, type) {
    event.preventDefault();
    const payload = await submit(form, this.summary, async () => (await ask(PublishEvent, { input: { type, data: JSON.parse(this.data.value) } })).publishEvent);
    if (!payload?.event) return;
    const sent = payload.deliveryCount ? `with ${counted(payload.deliveryCount, "delivery", "deliveries")}` : "but no webhook receives this event type";
    const link = el("a", { href: address(["events", payload.event.id]) }, "See the event");
    fill(this.summary, el("p", { class: "notice", role: "status" }, `Published, ${sent}. `, link));
  }
}
customElements.define("eev-publish", PublishScreen);
