/**
 * The address says what is shown: `#/deliveries?status=FAILED` is a screen and its filters. So a reload, a link and the
 * browser's own history work as everywhere.
 *
 * @typedef {{ path: string[], search: URLSearchParams }} Place
 */

/** Returns the place that the address names. @returns {Place} */
export function place() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decodeURIComponent), search: new URLSearchParams(search) };
}

/** Returns the address of a place, for a link. @param {string[]} path @param {Record<string, string | string[] | null | undefined>} [filters] empty ones are left out */
export function address(path, filters = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each) search.append(name, each);
  }
  const query = search.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** Goes to a place; with `replace` the browser's history keeps no entry of the one before. @param {string} to @param {{ replace?: boolean }} [options] */
export function go(to, { replace = false } = {}) {
  if (to === location.hash) return;
  if (replace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = to;
}

/** Changes some filters of the current place and keeps the others; no entry in the history. @param {Record<string, string | string[] | null>} changes */
export function changeFilters(changes) {
  const { path, search } = place();
  /** @type {Record<string, string | string[] | null>} */
  const filters = {};
  for (const name of new Set(search.keys())) filters[name] = search.getAll(name);
  go(address(path, { ...filters, ...changes }), { replace: true });
}

/** @param {() => void} handler called at each change of the address */
export function onPlace(handler) {
  addEventListener("hashchange", handler);
}
