/** "Audit log": who changed what, and when. */

import { ask } from "../lib/api.js";
import { Component } from "../lib/component.js";
import { el } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { AuditLog } from "../operations.js";
import { pages } from "../parts/pages.js";
import { empty } from "../parts/states.js";

class AuditLogScreen extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    this.replaceChildren(el("h1", {}, "Audit log"), auditList(null, leaving));
  }
}
customElements.define("eev-audit-log", AuditLogScreen);

/** The changes of everything, or of one thing. @param {string | null} subjectId @param {AbortSignal} leaving */
export function auditList(subjectId, leaving) {
  return pages({
    caption: "Audit log",
    titles: ["At", "Who", "What", "On", "Changes"],
    load: async (after) => (await ask(AuditLog, { filter: { subjectId }, first: subjectId ? 10 : 50, after }, leaving)).auditLog,
    cells: ({ at, by, actor, sourceAddress, action, subjectId, changes }) => [
      moment(at),
      [by.name ?? actor, sourceAddress && el("div", { class: "soft" }, sourceAddress)],
      action,
      subjectId && el("code", {}, subjectId),
      changes ? el("details", {}, el("summary", {}, "Changes"), el("pre", {}, JSON.stringify(changes, null, 2))) : "",
    ],
    nothing: empty("Nothing was changed yet."),
    leaving,
  });
}
