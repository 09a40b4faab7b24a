/**
 * The page in a frame of another site, the portal: it shows itself as the site's settings say, and asks the site for a
 * new token before the one in use ends.
 */

import { currentToken, useToken } from "./api.js";
import { useLanguage } from "./format.js";
import { reconnect } from "./live.js";
import { currentViewer, resume } from "./session.js";

/** How long before its end a token is renewed; sooner if it lives for less than twice as long. */
const LEAD_MS = 60_000;
let timer = 0;

/** What the server's settings say, in `<meta name="eev-…">`. @param {string} name */
function setting(name) {
  return document.querySelector(`meta[name="eev-${name}"]`)?.getAttribute("content") ?? "";
}

/** Applies the colour, and the language of dates. */
export function applySettings() {
  useLanguage(setting("language"));
  const accent = setting("accent");
  if (accent) document.documentElement.style.setProperty("--accent", accent);
  if (accent) document.documentElement.style.setProperty("--on-accent", isLight(accent) ? "#000" : "#fff");
}

/** The logo's address, or "" without one. */
export const logo = () => setting("logo");

/** Takes the tokens that the surrounding site sends. @param {() => void} taken called after each */
export function takeTokens(taken) {
  const sites = setting("frame-ancestors").split(" ");
  addEventListener("message", async ({ source, origin, data }) => {
    if (source !== parent || parent === window || !sites.includes(origin) || data?.type !== "eev-webhooks.token" || !data.token) return;
    useToken(String(data.token));
    await resume();
    reconnect();
    renewInTime();
    taken();
  });
}

/** Asks for the next token shortly before the current one ends. */
export function renewInTime() {
  clearTimeout(timer);
  const ends = currentViewer()?.expiresAt;
  if (!currentToken() || !ends) return;
  const left = new Date(ends).getTime() - Date.now();
  timer = setTimeout(askForToken, Math.max(left / 2, left - LEAD_MS));
}

/** Asks the surrounding site for a token. The question holds no secret, so any site may hear it. */
export function askForToken() {
  if (parent !== window) parent.postMessage({ type: "eev-webhooks.token-wanted" }, "*");
}

/** Whether black reads better on a colour than white: its relative luminance (WCAG 2). @param {string} colour #rrggbb */
function isLight(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18;
}
