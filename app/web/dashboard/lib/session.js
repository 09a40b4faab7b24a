/**
 * Who is signed in: a session of the server's, kept in a cookie that scripts cannot read, or a portal's access token,
 * which stays in this page's memory.
 */

import { ask, useToken } from "./api.js";
import { RequestFailed } from "./errors.js";
import { Viewer } from "../operations.js";

const SESSION = new URL("dashboard/session", document.baseURI);

/** @typedef {import("../operations.js").ViewerData["viewer"]} Viewer */

/** @type {Viewer | null} */
let viewer = null;

/** Whether the person may do something. What a scope does not allow is not shown. @param {import("../operations.js").Scope} scope */
export function may(scope) {
  return viewer?.scopes.includes(scope) ?? false;
}

/** Who is signed in; null before sign-in. */
export function currentViewer() {
  return viewer;
}

/** Returns who is signed in, or null. @throws {RequestFailed} the server was not reached */
export async function resume() {
  const token = takePortalToken();
  if (token) useToken(token);
  try {
    ({ viewer } = await ask(Viewer, {}));
  } catch (error) {
    if (!(error instanceof RequestFailed) || !error.signedOut) throw error;
    viewer = null;
  }
  return viewer;
}

/** Signs in with an API key, which the server exchanges for a session. @param {string} key @throws {RequestFailed} */
export async function signIn(key) {
  const response = await fetch(SESSION, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key }),
  }).catch(() => null);
  if (response === null) throw new RequestFailed("The server cannot be reached. Try again.", "NETWORK");
  if (!response.ok) throw new RequestFailed((await response.json()).error, "UNAUTHENTICATED");
  return resume();
}

/** Ends the session on the server. */
export async function signOut() {
  useToken(null);
  viewer = null;
  await fetch(SESSION, { method: "DELETE" });
}

/** The token in the address (`#token=…`), which is taken out of it at once so that no history keeps it. */
function takePortalToken() {
  const found = location.hash.match(/^#token=([^&]+)/);
  if (!found) return null;
  history.replaceState(null, "", "#/");
  return decodeURIComponent(found[1]);
}
