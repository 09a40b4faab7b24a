/** Runs something that a person asked for, and says how it ended. */

import { failed } from "./states.js";
import { el, fill } from "../lib/index.js";

/** Tells news to people who do not see the page: one polite live region for all of it. */
const region = el("div", { class: "visually-hidden", role: "status", "aria-live": "polite", id: "news" });

/** Adds the live region to the page, once. */
export function installAnnouncer() {
  document.body.append(region);
}

/** @param {string} text */
export function announce(text) {
  region.textContent = text;
}

/**
 * Runs a mutation; says `done` when it succeeded, and shows in `target` why it did not. Returns its payload, or null.
 *
 * @template {{ userErrors: readonly { message: string }[] }} Payload
 * @param {Element} target
 * @param {() => Promise<Payload>} work
 * @param {string} done
 * @returns {Promise<Payload | null>}
 */
export async function act(target, work, done) {
  try {
    const payload = await work();
    if (payload.userErrors.length > 0) throw new Error(payload.userErrors.map(({ message }) => message).join(" "));
    fill(target);
    announce(done);
    return payload;
  } catch (error) {
    fill(target, failed(error));
    return null;
  }
}
