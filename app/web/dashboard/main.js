/** Starts the page: resumes the session, shows the screen that the address names, and the way in where nobody is. */

import "./screens/sign-in.js";
import "./frame.js";
import { onSignedOut } from "./lib/api.js";
import { el } from "./lib/dom.js";
import { onPlace } from "./lib/router.js";
import { resume } from "./lib/session.js";
import { installAnnouncer } from "./parts/announce.js";
import { failed, loading } from "./parts/states.js";

const root = el("div", {}, loading());

/** @param {string} [reason] why the person is here, where the session ended by itself */
function showSignIn(reason) {
  const signIn = document.createElement("eev-sign-in");
  if (reason) signIn.setAttribute("reason", reason);
  signIn.addEventListener("signed-in", showFrame);
  root.replaceChildren(signIn);
}

function showFrame() {
  const frame = document.createElement("eev-frame");
  frame.addEventListener("signed-out", () => showSignIn());
  root.replaceChildren(frame);
}

async function begin() {
  root.replaceChildren(loading());
  try {
    if (await resume()) showFrame();
    else showSignIn();
  } catch (error) {
    root.replaceChildren(failed(error, begin));
  }
}

document.body.append(root);
installAnnouncer();
onSignedOut(() => {
  if (root.querySelector("eev-frame")) showSignIn("Your session has ended, or its key was revoked. Sign in again.");
});
onPlace(() => location.hash.startsWith("#token=") && begin());
begin();
