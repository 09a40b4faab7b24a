/**
 * The dashboard's one way to the API: typed operations, the signed-in session or portal token, and live updates.
 *
 * @template Data, Variables
 * @typedef {{ name: string, document: string, readonly __types?: (variables: Variables) => Data }} Operation
 */

import { post } from "./client.js";
import { RequestFailed, requestFailed } from "./errors.js";

/** Beside this page, also behind a proxy that adds a prefix. */
export const ENDPOINT = new URL("graphql", document.baseURI);

/** A portal's access token; null if the session's cookie is used. @type {string | null} */
let token = null;
/** @type {() => void} */
let signedOut = () => {};

/** @param {string | null} value */
export function useToken(value) {
  token = value;
}

export function currentToken() {
  return token;
}

/** @param {() => void} handler called whenever the server no longer accepts the credentials */
export function onSignedOut(handler) {
  signedOut = handler;
}

/**
 * Runs a query or mutation and returns its data.
 *
 * @template Data, Variables
 * @param {Operation<Data, Variables>} operation
 * @param {Variables} variables
 * @param {AbortSignal} [signal]
 * @returns {Promise<Data>}
 * @throws {RequestFailed}
 */
export async function ask(operation, variables, signal) {
  const payload = { query: operation.document, variables: /** @type {any} */ (variables), operationName: operation.name };
  const { answer } = await post(ENDPOINT, payload, { token, signal });
  if (!answer.errors) return answer.data;
  const failed = requestFailed(answer.errors);
  if (failed.signedOut) signedOut();
  throw failed;
}

/** Tells the page that its credential ended, as a request that is refused does. */
export function endSession() {
  signedOut();
}

/** Returns a sentence for anything that was thrown. @param {unknown} error */
export function sentence(error) {
  if (error instanceof RequestFailed || error instanceof Error) return error.message;
  return String(error);
}
