/** How requests log in at the receiver. Tokens and passwords are write-only: an empty field keeps what is stored. */

import { field } from "./form.js";
import { el } from "../lib/index.js";

/**
 * @param {{ kind: string, username: string | null } | null} current
 * @returns {{ element: HTMLElement, read: () => { authentication?: import("../operations.js").AuthenticationInput } }}
 */
export function authenticationFields(current) {
  const kinds = { NONE: "None", BEARER: "Bearer token", BASIC: "User name and password" };
  const kind = el("select", { onchange: draw }, Object.entries(kinds).map(([value, label]) => el("option", { value, selected: value === current?.kind }, label)));
  const token = el("input", { type: "password", autocomplete: "off" });
  const username = el("input", { autocomplete: "off", value: current?.username });
  const password = el("input", { type: "password", autocomplete: "new-password" });
  const kept = current && current.kind !== "NONE" ? "Left empty, the stored one is kept." : undefined;
  const bearer = field("Token", token, { hint: kept });
  const basic = el("div", { class: "stack" }, field("User name", username), field("Password", password, { hint: kept }));
  function draw() {
    bearer.hidden = kind.value !== "BEARER";
    basic.hidden = kind.value !== "BASIC";
  }
  draw();
  return {
    element: el("fieldset", { class: "stack", "data-path": "authentication" }, el("legend", {}, "Authentication"), field("Kind", kind), bearer, basic),
    read: () => read(),
  };

  function read() {
    if (kind.value === "BEARER" && token.value) return { authentication: { bearer: token.value } };
    if (kind.value === "BASIC" && password.value) return { authentication: { basic: { username: username.value, password: password.value } } };
    if (kind.value === "NONE" && current && current.kind !== "NONE") return { authentication: { none: true } };
    return {};
  }
}
