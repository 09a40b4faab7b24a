/** "Operations": what runs and ran in the background, who started it, how far it is, and a way to stop it. */

import { ask, Component, el, words } from "../lib/index.js";
import { Operations } from "../operations.js";
import { empty, operationProgress, pages, when } from "../parts/index.js";

class OperationsScreen extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const list = pages({
      caption: "Operations",
      titles: ["What", "Progress", "Started", "By"],
      load: async (after) => (await ask(Operations, { first: 25, after }, leaving)).operations,
      cells: (operation) => [
        words(operation.kindCode),
        operationProgress(operation, leaving),
        when(operation.createdAt),
        operation.createdBy.name ?? words(operation.createdBy.kind),
      ],
      nothing: empty("Nothing has run in the background yet. Recover starts an operation."),
      leaving,
    });
    this.replaceChildren(el("h1", {}, "Operations"), list);
  }
}
customElements.define("eev-operations", OperationsScreen);
