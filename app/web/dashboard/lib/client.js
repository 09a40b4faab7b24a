/**
 * Asks the API: queries and mutations over POST, subscriptions over graphql-transport-ws. The console and the
 * dashboard share it.
 *
 * @typedef {{ query: string, variables?: Record<string, unknown>, operationName?: string }} Payload
 * @typedef {{ data?: any, errors?: { message: string, extensions?: { code?: string } }[], extensions?: any }} Answer
 */

import { RequestFailed } from "./errors.js";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

/**
 * Posts an operation and returns the HTTP status with the answer.
 *
 * @param {URL} endpoint
 * @param {Payload} payload
 * @param {{ token?: string | null, signal?: AbortSignal }} [options] token: an API key or access token
 * @returns {Promise<{ status: number, answer: Answer }>}
 * @throws {RequestFailed} the server was not reached, or answered with something else
 */
export async function post(endpoint, payload, { token = null, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: ACCEPT, "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  try {
    const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(payload), signal });
    return { status: response.status, answer: await response.json() };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestFailed("The server cannot be reached. It is asked again when you try again.", "NETWORK");
  }
}

/** One socket, over which any number of subscriptions run. It does not reconnect: see `live.js`. */
export class Socket {
  /** @type {Map<string, { next: (answer: Answer) => void, end: (errors: Answer["errors"]) => void }>} */
  #running = new Map();
  #count = 0;
  /** Whether the server took the connection. */
  ready = false;

  /** @param {URL} endpoint @param {{ token?: string | null }} [options] */
  constructor(endpoint, { token = null } = {}) {
    const url = new URL(endpoint);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url, "graphql-transport-ws");
    this.socket.onopen = () => this.#send({ type: "connection_init", payload: token ? { Authorization: `Bearer ${token}` } : {} });
    /** Resolves when the server took the connection. @type {Promise<void>} */
    this.acknowledged = new Promise((resolve) => {
      this.socket.onmessage = ({ data }) => this.#receive(JSON.parse(data), resolve);
    });
    /** Resolves with how the socket was closed. @type {Promise<{ code: number, reason: string }>} */
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  /**
   * Starts a subscription and returns a function that ends it. Needs an acknowledged connection.
   *
   * @param {Payload} payload
   * @param {{ next: (answer: Answer) => void, end: (errors: Answer["errors"]) => void }} handlers
   */
  subscribe(payload, handlers) {
    const id = String(++this.#count);
    this.#running.set(id, handlers);
    this.#send({ type: "subscribe", id, payload });
    return () => {
      if (this.#running.delete(id)) this.#send({ type: "complete", id });
    };
  }

  close() {
    this.socket.close(1000);
  }

  /** @param {object} message */
  #send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {{ type: string, id: string, payload?: any }} message @param {() => void} acknowledge */
  #receive(message, acknowledge) {
    const running = this.#running.get(message.id);
    if (message.type === "connection_ack") {
      this.ready = true;
      acknowledge();
    } else if (message.type === "ping") this.#send({ type: "pong" });
    else if (message.type === "next") running?.next(message.payload);
    else if (message.type === "error" || message.type === "complete") {
      this.#running.delete(message.id);
      running?.end(message.payload);
    }
  }
}
