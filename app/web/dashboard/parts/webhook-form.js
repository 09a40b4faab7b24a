/**
 * The fields of a webhook, in the order in which people fill them in; for adding one and for editing one. It knows
 * values, and nothing of how they are saved.
 *
 * @typedef {NonNullable<import("../operations.js").WebhookSettingsData["webhook"]>} Settings
 */

import "./event-picker.js";
import { authenticationFields } from "./authentication.js";
import { filterPreview } from "./filter-preview.js";
import { choice, field, group } from "./form.js";
import { listEditor } from "./list-editor.js";
import { el } from "../lib/index.js";

/**
 * Returns the fields and a function that reads them as an input of the API.
 *
 * @param {readonly import("./event-picker.js").EventType[]} types
 * @param {Settings | null} current the webhook to edit; null for a new one
 */
export function webhookFields(types, current) {
  const basic = basicFields(types, current);
  const advanced = advancedFields(current, basic.eventTypes);
  return {
    element: el("div", { class: "stack" }, basic.element, el("details", { class: "paper" }, el("summary", {}, "Advanced"), advanced.element)),
    /** @returns {import("../operations.js").CreateWebhookInput} */
    read: () => ({ ...basic.read(), ...advanced.read() }),
  };
}

/** @param {readonly import("./event-picker.js").EventType[]} types @param {Settings | null} current */
function basicFields(types, current) {
  const name = el("input", { value: current?.name, autocomplete: "off" });
  const url = el("input", { type: "text", inputmode: "url", value: current?.url, autocomplete: "off", spellcheck: "false", placeholder: "https://example.com/webhooks" });
  const secret = el("input", { autocomplete: "off", spellcheck: "false", placeholder: "whsec_…" });
  const picker = /** @type {import("./event-picker.js").EventPicker} */ (document.createElement("eev-event-picker"));
  picker.offer(types, current?.eventTypes ?? []);
  return {
    element: el(
      "div",
      { class: "stack" },
      field("Name", name, { path: "name" }),
      field("URL", url, { path: "url", hint: "Where the events are sent, as signed HTTP requests." }),
      group("Events", "eventTypes", picker),
      !current && field("Secret", secret, { path: "secret", optional: true, hint: "Signs each request. Left empty, one is made and shown once." }),
    ),
    eventTypes: () => picker.value,
    read: () => ({ name: name.value, url: url.value.trim(), eventTypes: picker.value, ...(secret.value && { secret: secret.value.trim() }) }),
  };
}

/** @param {Settings | null} current @param {() => string[]} eventTypes */
function advancedFields(current, eventTypes) {
  const http = httpFields(current);
  const which = selectionFields(current, eventTypes);
  const limits = limitFields(current);
  return {
    element: el("div", { class: "stack" }, http.element, which.element, limits.element),
    read: () => ({ ...http.read(), ...which.read(), ...limits.read() }),
  };
}

/** @param {Settings | null} current */
function httpFields(current) {
  const method = el("select", {}, ["POST", "PUT"].map((value) => el("option", { selected: value === current?.method }, value)));
  const timeout = el("input", { type: "number", min: "1", max: "60", value: current?.timeoutSeconds ?? 30 });
  const verify = el("input", { type: "checkbox", checked: current?.verifySsl ?? true });
  const allowlist = el("textarea", { value: current?.ipAllowlist.join("\n"), spellcheck: "false" });
  const headers = listEditor({ label: "Headers", add: "Add a header", entry: header, values: current?.headers });
  const authentication = authenticationFields(current?.authentication ?? null);
  return {
    element: el(
      "div",
      { class: "stack" },
      field("HTTP method", method, { path: "method" }),
      el("div", { class: "field" }, el("span", { class: "label" }, "Content type"), el("span", {}, el("code", {}, current?.contentType ?? "application/json"))),
      field("Timeout in seconds", timeout, { path: "timeoutSeconds", hint: "For the whole response." }),
      choice("SSL verification", verify, "Refuse a certificate that cannot be verified."),
      field("IP allowlist", allowlist, { path: "ipAllowlist", optional: true, hint: "Networks that the URL may resolve to, one a line, such as 203.0.113.0/24. Empty: any public address." }),
      authentication.element,
      el("div", { "data-path": "headers" }, headers.element),
    ),
    read: () => ({
      ...authentication.read(),
      method: /** @type {"POST" | "PUT"} */ (method.value),
      timeoutSeconds: timeout.valueAsNumber || null,
      verifySsl: verify.checked,
      ipAllowlist: lines(allowlist.value),
      headers: headers.read(),
    }),
  };
}

/** @param {Settings | null} current @param {() => string[]} eventTypes */
function selectionFields(current, eventTypes) {
  const description = el("input", { value: current?.description, autocomplete: "off" });
  const filter = el("textarea", { class: "code", spellcheck: "false", value: current?.filter, placeholder: 'data.ticket.priority == "urgent"' });
  return {
    element: el(
      "div",
      { class: "stack" },
      field("Filter", filter, { path: "filter", optional: true, hint: "A CEL expression over the event. Only events for which it is true are sent." }),
      filterPreview(filter, eventTypes),
      field("Description", description, { path: "description", optional: true }),
    ),
    read: () => ({ filter: filter.value.trim() || null, description: description.value.trim() || null }),
  };
}

/** @param {Settings | null} current */
function limitFields(current) {
  const delays = el("input", { value: current?.retryPolicy.delaysSeconds.join(", "), placeholder: "5, 300, 1800, 7200", spellcheck: "false" });
  const rate = el("input", { type: "number", min: "1", value: current?.rateLimitPerSecond });
  const most = el("input", { type: "number", min: "1", value: current?.maxInFlight });
  const rotate = el("input", { type: "number", min: "1", value: current?.rotateSecretEveryDays });
  return {
    element: el(
      "div",
      { class: "stack" },
      field("Retry delays in seconds", delays, { path: "retryPolicy", optional: true, hint: "Before the second attempt, the third and so on. Empty: the default schedule." }),
      field("Requests per second", rate, { path: "rateLimitPerSecond", optional: true, hint: "Empty: no limit." }),
      field("Requests at once", most, { path: "maxInFlight", optional: true }),
      el("p", { class: "soft" }, "Events arrive in any order, except those published with one ordering key: they go out one after another."),
      field("Rotate the secret every … days", rotate, { path: "rotateSecretEveryDays", optional: true, hint: "Empty: only by hand. Both secrets sign during the overlap." }),
    ),
    read: () => ({
      ...(delays.value.trim() && { retryPolicy: { delaysSeconds: delays.value.split(/[\s,]+/).filter(Boolean).map(Number) } }),
      rateLimitPerSecond: rate.valueAsNumber || null,
      ...(most.value && { maxInFlight: most.valueAsNumber }),
      rotateSecretEveryDays: rotate.valueAsNumber || null,
    }),
  };
}

/** @param {number} index @param {{ name: string, value: string, sensitive?: boolean | null }} [value] */
function header(index, value) {
  const name = el("input", { "aria-label": `Header ${index + 1}: name`, value: value?.name, placeholder: "X-Name" });
  const content = el("input", { "aria-label": `Header ${index + 1}: value`, value: value?.value, placeholder: "Value" });
  const sensitive = el("input", { type: "checkbox", checked: value?.sensitive ?? false });
  return {
    element: el("div", { class: "row" }, name, content, choice("Sensitive", sensitive)),
    read: () => ({ name: name.value, value: content.value, sensitive: sensitive.checked }),
  };
}

/** @param {string} text */
function lines(text) {
  return text.split(/[\s,]+/).filter(Boolean);
}
