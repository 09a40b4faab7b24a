/** What can go wrong between the page and the server, as errors whose message a person can act on. */

/**
 * The server refused a whole request, or did not answer.
 *
 * `code` is `extensions.code` of the API's error, or NETWORK if the server was not reached.
 */
export class RequestFailed extends Error {
  /** @param {string} message @param {string} code */
  constructor(message, code) {
    super(message);
    this.name = "RequestFailed";
    this.code = code;
  }

  /** Whether the person has to sign in (again). */
  get signedOut() {
    return this.code === "UNAUTHENTICATED";
  }
}

/** The error for the errors of a response. @param {{ message: string, extensions?: { code?: string } }[]} errors */
export function requestFailed(errors) {
  const [first] = errors;
  return new RequestFailed(first?.message ?? "The server gave no reason.", first?.extensions?.code ?? "UNKNOWN");
}
