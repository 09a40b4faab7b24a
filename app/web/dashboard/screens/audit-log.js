/** "Audit log": who changed what, and when. */

import { ask, Component, el, moment } from "../lib/index.js";
import { AuditLog } from "../operations.js";
import { empty, json, pages } from "../parts/index.js";

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
      changes ? el("details", {}, el("summary", {}, "Changes"), json(changes)) : "",
    ],
    nothing: empty("Nothing was changed yet."),
    leaving,
  });
}
