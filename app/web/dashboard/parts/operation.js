/** How far a background operation has come; it goes on after a reload, since the server does the work. */

import { badge } from "./badge.js";
import { failed, gone } from "./states.js";
import { ask } from "../lib/api.js";
import { every } from "../lib/component.js";
import { el, fill } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { address } from "../lib/router.js";
import { OperationProgress } from "../operations.js";

/** @typedef {import("../operations.js").OperationRow} Operation */

/** @param {string} id @param {AbortSignal} leaving */
export function operationProgress(id, leaving) {
  const shown = el("div", { class: "paper stack", role: "status" });
  let over = false;
  async function look() {
    if (over) return;
    try {
      const { operation } = await ask(OperationProgress, { id }, leaving);
      over = operation?.status !== "RUNNING";
      fill(shown, operation ? progress(operation) : gone("operation", address(["recover"])));
    } catch (error) {
      if (!leaving.aborted) fill(shown, failed(error));
    }
  }
  look();
  every(1000, leaving, look);
  return shown;
}

/** @param {Operation} operation */
function progress({ status, done, matched }) {
  return [
    el("div", { class: "row" }, badge(status), `${number(done)} of ${number(matched)}`),
    el("progress", { max: String(matched || 1), value: String(status === "RUNNING" ? done : matched || 1), "aria-label": "Progress" }),
  ];
}
