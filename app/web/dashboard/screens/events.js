/** "Events": what was published, and the way to publish a test event. */

import { address, ask, Component, el, may, place } from "../lib/index.js";
import { Events } from "../operations.js";
import { clearFilters, dataOf, dataSearches, empty, filterSearch, goButton, pages, when } from "../parts/index.js";

class EventsScreen extends Component {
  /** @param {AbortSignal} leaving */
  start(leaving) {
    const { search } = place();
    const publish = may("PUBLISH") && goButton("Publish a test event", address(["publish"]), "primary");
    this.replaceChildren(el("div", { class: "row spread" }, el("h1", {}, "Events"), publish), el("div", { class: "row", role: "search" }, filterSearch("Event type", "type", "Event type"), dataSearches(), clearFilters()), list(search, leaving));
  }
}
customElements.define("eev-events", EventsScreen);

/** @param {URLSearchParams} search @param {AbortSignal} leaving */
function list(search, leaving) {
  const type = search.get("type");
  const filter = { types: type ? [type] : null, includeTests: true, search: search.get("search"), data: dataOf(search) };
  return pages({
    caption: "Events",
    titles: ["Type", "Occurred", "Ordering key", "ID"],
    load: async (after) => (await ask(Events, { filter, first: 50, after }, leaving)).events,
    cells: (event) => [
      [el("a", { href: address(["events", event.id]) }, event.type), event.test && el("span", { class: "badge" }, "Test")],
      when(event.occurredAt),
      event.orderingKey,
      el("code", {}, event.id),
    ],
    nothing: empty("No event matches. Events appear here when your application publishes them."),
    leaving,
  });
}
