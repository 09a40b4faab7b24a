/** Runs something that a person asked for, and says how it ended. */

import { announce } from "./announce.js";
import { failed } from "./states.js";
import { fill } from "../lib/index.js";

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
