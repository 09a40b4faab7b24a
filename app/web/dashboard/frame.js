/** The frame around the screens: navigation, identity, and whether live updates arrive. */

import { address, Component, currentToken, currentViewer, el, logo, may, onPlace, place, set, signOut, watchConnection } from "./lib/index.js";
import { empty, failed } from "./parts/states.js";

/**
 * The screens: the first part of the address, the element that shows it, the one for a single item, the link's text
 * and the scope that it needs; `unlisted` screens are reached from others, `internal` ones are
 * not part of the portal.
 *
 * @type {{ path: string, list: string, item?: string, title: string, scope: import("./operations.js").Scope, unlisted?: boolean, internal?: boolean }[]}
 */
const SCREENS = [
  { path: "webhooks", list: "eev-webhooks", item: "eev-webhook", title: "Webhooks", scope: "READ" },
  { path: "add-webhook", list: "eev-add-webhook", title: "Add Webhook", scope: "MANAGE", unlisted: true },
  { path: "edit-webhook", list: "eev-webhooks", item: "eev-edit-webhook", title: "Edit", scope: "MANAGE", unlisted: true },
  { path: "deliveries", list: "eev-deliveries", item: "eev-delivery", title: "Deliveries", scope: "READ" },
  { path: "events", list: "eev-events", item: "eev-event", title: "Events", scope: "READ" },
  { path: "publish", list: "eev-publish", title: "Publish a test event", scope: "PUBLISH", unlisted: true },
  { path: "recover", list: "eev-recover", title: "Recover", scope: "MANAGE" },
  { path: "event-types", list: "eev-event-types", title: "Event types", scope: "READ" },
  { path: "operations", list: "eev-operations", title: "Operations", scope: "ADMIN", internal: true },
  { path: "api-keys", list: "eev-api-keys", title: "API keys", scope: "ADMIN", internal: true },
  { path: "audit-log", list: "eev-audit-log", title: "Audit log", scope: "ADMIN", internal: true },
];

const FETCH_OTHERS_MS = 1000;

/** Loads the module of a screen, which defines its element. @param {string} tag */
const define = (tag) => import(`./screens/${tag.replace("eev-", "")}.js`);

/** The screen that the address names, with the tag of its element. */
function named() {
  const { path } = place();
  const screen = SCREENS.find((each) => each.path === (path[0] ?? SCREENS[0].path));
  return { path, screen, tag: path.length > 1 ? screen?.item : screen?.list };
}

/** Begins to load the screen that is shown first, before it is known who is signed in. */
export function loadFirst() {
  const { tag } = named();
  if (tag) define(tag).catch(() => {});
}

class Frame extends Component {
  main = el("main", { id: "content", tabindex: "-1" });
  links = SCREENS.filter((screen) => !screen.unlisted && allowed(screen)).map(({ path, title }) =>
    el("a", { href: address([path]), "data-path": path }, title),
  );

  /** @param {AbortSignal} leaving */
  start(leaving) {
    const lost = el("p", { class: "notice warn", role: "status", hidden: true }, "The connection was lost. News come again as soon as the server answers.");
    const unwatch = watchConnection((connected) => (lost.hidden = connected));
    leaving.addEventListener("abort", unwatch);
    this.replaceChildren(
      el("a", { class: "skip", href: "#content", onclick: (/** @type {Event} */ event) => this.skip(event) }, "Skip to the content"),
      el("div", { class: "frame" }, el("nav", { "aria-label": "Screens" }, el("div", { class: "brand" }, logo() ? el("img", { src: logo(), alt: "Logo" }) : "Webhooks"), this.links, this.who()), el("div", {}, lost, this.main)),
    );
    onPlace(() => leaving.aborted || this.turn());
    this.turn();
    // The others are fetched while one reads the first, and so also before a newer server no longer has them.
    setTimeout(() => SCREENS.flatMap(({ list, item }) => [list, item ?? list]).map((tag) => define(tag).catch(() => {})), FETCH_OTHERS_MS);
  }

  /** Shows the screen that the address names. */
  turn() {
    const { path, screen, tag } = named();
    for (const link of this.links) set(link, { "aria-current": link.dataset.path === screen?.path && "page" });
    const shown = this.main.firstElementChild;
    if (tag && shown instanceof Component && shown.localName === tag && shown.dataset.id === (path[1] ?? "")) return shown.placed();
    this.main.replaceChildren(screen && !allowed(screen) ? notAllowed(screen.scope) : tag ? screenElement(tag, path[1] ?? "") : nowhere());
    if (tag) define(tag).catch(() => this.main.replaceChildren(failed(new Error("This screen could not be loaded."), () => location.reload())));
    document.title = `${screen?.title ?? "Not found"} · Webhooks`;
    if (shown) this.main.focus();
  }

  who() {
    const viewer = currentViewer();
    const leave = async () => {
      await signOut();
      this.dispatchEvent(new CustomEvent("signed-out"));
    };
    return el("div", { class: "who" }, el("div", {}, viewer?.workspace.name), el("div", {}, viewer?.apiKey?.name), el("button", { type: "button", class: "plain", onclick: leave }, "Sign out"));
  }

  /** @param {Event} event */
  skip(event) {
    event.preventDefault();
    this.main.focus();
  }
}
customElements.define("eev-frame", Frame);

/** @param {typeof SCREENS[number]} screen */
const allowed = ({ scope, internal }) => may(scope) && !(internal && currentToken());

const nowhere = () => empty("There is no such page.", el("a", { href: address([]) }, "Go to the webhooks"));

/** @param {string} scope */
const notAllowed = (scope) => empty(`Your key does not allow this. It needs the scope ${scope}: ask whoever administers the keys.`);

/** @param {string} tag @param {string} id */
function screenElement(tag, id) {
  const element = document.createElement(tag);
  element.dataset.id = id;
  return element;
}
