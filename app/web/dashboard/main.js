/** Starts the page: resumes the session, shows the screen that the address names, and the sign-in screen otherwise. */

import "./screens/sign-in.js";
import { loadFirst } from "./frame.js";
import { applySettings, askForToken, currentToken, el, onPlace, onSignedOut, relative, renewInTime, resume, takeTokens } from "./lib/index.js";
import { installAnnouncer } from "./parts/act.js";
import { empty, failed, loading } from "./parts/states.js";

const root = el("div", {}, loading());

/** @param {string} [reason] why the person is here, if the session ended by itself */
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

/** In the portal nobody signs in: the site around it gives the token. */
function showEnded() {
  root.replaceChildren(empty("Access to this page has ended. Load the page again."));
  askForToken();
}

async function begin() {
  root.replaceChildren(loading());
  try {
    const viewer = await resume();
    renewInTime();
    if (viewer) showFrame();
    else if (currentToken()) showEnded();
    else showSignIn();
  } catch (error) {
    root.replaceChildren(failed(error, begin));
  }
}

loadFirst();
applySettings();
document.body.append(root);
installAnnouncer();
onSignedOut(() => {
  if (!root.querySelector("eev-frame")) return;
  if (currentToken()) showEnded();
  else showSignIn("Your session has ended, or its key was revoked. Sign in again.");
});
takeTokens(() => root.querySelector("eev-frame") || showFrame());
onPlace(() => location.hash.startsWith("#token=") && begin());
begin();
// The first formatter takes a browser 40 ms: it is made while the server answers.
relative(new Date().toISOString());
