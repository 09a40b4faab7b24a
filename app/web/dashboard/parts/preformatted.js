/** Text as it is, line by line. It can be scrolled by keyboard, so it takes the focus. */

import { el } from "../lib/index.js";

/** @param {string} [text] */
export const preformatted = (text) => el("pre", { tabindex: "0" }, text);

/** @param {unknown} value */
export const json = (value) => preformatted(JSON.stringify(value, null, 2));
