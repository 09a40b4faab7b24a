/** Buttons: one that does something here, and one that goes to another screen. */

import { el, go } from "../lib/index.js";

/** @type {(label: string, onclick: (event: any) => unknown, kind?: string) => HTMLButtonElement} */
export const button = (label, onclick, kind) => el("button", { type: "button", class: kind, onclick }, label);

/** @type {(label: string, to: string, kind?: string) => HTMLButtonElement} */
export const goButton = (label, to, kind) => button(label, () => go(to), kind);
