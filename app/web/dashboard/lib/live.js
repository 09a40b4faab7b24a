/**
 * Live news over one shared socket. A lost connection is opened again, and a subscription with a cursor goes on where
 * it left off, so that nothing is missed while the server restarts.
 */

import { currentToken, ENDPOINT, endSession } from "./api.js";
import { Socket } from "./client.js";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** The next screen mostly follows something as well, over the same socket. */
const LINGER_MS = 1000;
/** Close codes that say that the credential is missing, wrong, expired or revoked. */
const CREDENTIAL_CODES = new Set([4401, 4403]);

/** @type {Set<Following>} */
const followings = new Set();
/** @type {Socket | null} */
let socket = null;
let pause = FIRST_PAUSE_MS;
/** @type {Set<(connected: boolean) => void>} */
const watchers = new Set();

/** One subscription that somebody wants, connected or not. */
class Following {
  /** @type {string | null} */
  after = null;

  /**
   * @param {import("./api.js").Operation<any, any>} operation
   * @param {Record<string, unknown>} variables
   * @param {{ next: (data: any) => void, failed?: (message: string) => void, cursor?: (data: any) => string }} handlers
   */
  constructor(operation, variables, handlers) {
    this.operation = operation;
    this.variables = variables;
    this.handlers = handlers;
    this.end = () => {};
  }

  /** @param {Socket} open */
  start(open) {
    const variables = this.after === null ? this.variables : { ...this.variables, after: this.after };
    const payload = { query: this.operation.document, operationName: this.operation.name, variables };
    this.end = open.subscribe(payload, {
      next: ({ data, errors }) => {
        if (errors?.length) return this.handlers.failed?.(errors[0].message);
        if (this.handlers.cursor) this.after = this.handlers.cursor(data);
        this.handlers.next(data);
      },
      end: (errors) => errors?.length && this.handlers.failed?.(errors[0].message),
    });
  }
}

/**
 * Follows a subscription until the returned function is called.
 *
 * @template Data, Variables
 * @param {import("./api.js").Operation<Data, Variables>} operation
 * @param {Variables} variables
 * @param {{ next: (data: Data) => void, failed?: (message: string) => void, cursor?: (data: Data) => string }} handlers
 * @returns {() => void}
 */
export function follow(operation, variables, handlers) {
  const following = new Following(operation, /** @type {any} */ (variables), handlers);
  followings.add(following);
  if (socket === null) connect();
  else if (socket.ready) following.start(socket); // else it starts with the others, once the socket is acknowledged
  return () => {
    followings.delete(following);
    following.end();
    setTimeout(() => followings.size === 0 && socket?.close(), LINGER_MS);
  };
}

/** Reports whether the page receives updates right now; called at each change until the returned function is called. @param {(connected: boolean) => void} watcher */
export function watchConnection(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Opens the connection again, as after the portal's token was renewed. */
export function reconnect() {
  socket?.close();
}

async function connect() {
  const opened = new Socket(ENDPOINT, { token: currentToken() });
  socket = opened;
  opened.acknowledged.then(() => {
    pause = FIRST_PAUSE_MS;
    for (const watcher of watchers) watcher(true);
    for (const following of followings) following.start(opened);
  });
  const { code } = await opened.closed;
  socket = null;
  if (CREDENTIAL_CODES.has(code)) return endSession();
  if (followings.size === 0) return;
  for (const watcher of watchers) watcher(false);
  await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  if (followings.size > 0 && socket === null) connect();
}
