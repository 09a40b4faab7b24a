/** Progress of a background operation; it continues after a reload, because the server does the work. */

import { act } from "./act.js";
import { badge, button } from "./elements.js";
import { failed, gone, loading } from "./states.js";
import { address, ask, el, every, fill, may, number } from "../lib/index.js";
import { CancelOperation, OperationProgress } from "../operations.js";

/** @typedef {import("../operations.js").OperationRow} Operation */

/** The progress of an operation, looked at each second while it runs. @param {Operation | { id: string }} operation @param {AbortSignal} leaving */
export function operationProgress(operation, leaving) {
  const { id } = operation;
  const [shown, outcome] = [el("div", { class: "stack" }, loading()), el("div")];
  let over = false;
  const cancel = () => act(outcome, async () => (await ask(CancelOperation, { input: { id } })).cancelOperation, "It is canceled.").then(look);
  /** @param {Operation | null} current */
  function draw(current) {
    over = current?.status !== "RUNNING";
    fill(shown, current ? progress(current) : gone("operation", address(["recover"])), !over && may("MANAGE") && el("div", {}, button("Cancel", cancel)));
  }
  async function look() {
    try {
      if (!over) draw((await ask(OperationProgress, { id }, leaving)).operation);
    } catch (error) {
      if (!leaving.aborted) fill(shown, failed(error));
    }
  }
  if ("status" in operation) draw(operation);
  else look();
  every(1000, leaving, look);
  return el("div", {}, shown, outcome);
}

/** @param {Operation} operation */
function progress({ status, done, matched }) {
  return [
    el("div", { class: "row" }, badge(status), `${number(done)} of ${number(matched)}${status === "COMPLETED" && done < matched ? ", the others needed it no longer" : ""}`, status !== "RUNNING" && el("a", { href: address(["deliveries"]) }, "See the deliveries")),
    el("progress", { max: String(matched || 1), value: String(status === "RUNNING" ? done : matched || 1), "aria-label": "Progress" }),
  ];
}
