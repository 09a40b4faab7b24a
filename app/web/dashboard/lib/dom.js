/**
 * Builds elements. Texts, attributes and listeners are set and never parsed, so that hostile text stays text.
 *
 * @typedef {Node | string | number | null | undefined | false | readonly any[]} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>} Attributes
 */

/**
 * Returns a new element. An attribute that is a function becomes a listener (`onclick`), `true` an empty attribute;
 * `false`, null and undefined leave it out. Children that are null, undefined or false are left out as well.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function el(name, attributes = {}, ...children) {
  const element = set(document.createElement(name), attributes);
  element.append(...nodes(children));
  return element;
}

/** Returns a new SVG element. @param {string} name @param {Attributes} [attributes] @param {...Child} children @returns {SVGElement} */
export function svg(name, attributes = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", name));
  set(element, attributes);
  element.append(...nodes(children));
  return element;
}

/**
 * Sets attributes of an element, and adds listeners; returns the element.
 *
 * @template {Element} Target
 * @param {Target} element
 * @param {Attributes} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "value") /** @type {any} */ (element).value = String(value ?? "");
    else if (value === true) element.setAttribute(name, "");
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, String(value));
  }
  return element;
}

/** Replaces what an element holds. A focus in it stays at the same place. @param {Element} element @param {...Child} children */
export function fill(element, ...children) {
  keepingFocus(element, () => element.replaceChildren(...nodes(children)));
}

/** Redraws an element; if the focus was in it, the control at the same place gets it. @param {Element} element @param {() => void} draw */
export function keepingFocus(element, draw) {
  const focused = document.activeElement;
  const controls = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll("a, button, input, select, textarea, summary")]);
  const place = focused && focused !== element && element.contains(focused) ? controls().indexOf(/** @type {HTMLElement} */ (focused)) : -1;
  draw();
  if (place >= 0 && !element.contains(document.activeElement)) controls()[place]?.focus({ preventScroll: true });
}

/**
 * Makes the children of `parent` stand for `items`, in their order. An element stays as long as its item does, so that
 * focus, selection and scrolling are kept.
 *
 * @template Item
 * @param {Element} parent
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, create: (item: Item) => HTMLElement, update?: (element: HTMLElement, item: Item) => void }} how
 */
export function reconcile(parent, items, { key, create, update }) {
  const known = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, child]));
  /** @type {Element | null} */
  let next = parent.firstElementChild;
  for (const item of items) {
    const found = /** @type {HTMLElement | undefined} */ (known.get(key(item)));
    const element = found ?? create(item);
    element.dataset.key = key(item);
    known.delete(key(item));
    if (found) update?.(found, item);
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  for (const gone of known.values()) gone.remove();
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function nodes(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return nodes(child);
    return [child instanceof Node ? child : String(child)];
  });
}
