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
    const list = pages({
      caption: "Audit log",
      titles: ["At", "Who", "What", "On", "Changes"],
      load: async (after) => (await ask(AuditLog, { first: 50, after }, leaving)).auditLog,
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
    this.replaceChildren(el("h1", {}, "Audit log"), list);
  }
}
customElements.define("eev-audit-log", AuditLogScreen);
