/** What every part and screen of the dashboard uses. */

export * from "./api.js";
export * from "./client.js";
export * from "./component.js";
export * from "./dom.js";
export * from "./errors.js";
export * from "./format.js";
export * from "./live.js";
export * from "./portal.js";
export * from "./router.js";
export * from "./session.js";
