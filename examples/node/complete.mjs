// A receiver that proves that nothing is missing: it takes pushes, notices holes by `webhook-sequence`, and fills them
// from the webhook's feed. It may be killed at any moment.
//
//     npm install
//     EEV_URL=http://127.0.0.1:8000 EEV_KEY=… WEBHOOK_ID=wh_… WEBHOOK_SECRET=whsec_… PORT=9000 node complete.mjs
//
// EEV_KEY needs the scope FEED only.

import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { Webhook } from "standardwebhooks";

const { EEV_URL, EEV_KEY, WEBHOOK_ID, WEBHOOK_SECRET, PORT } = process.env;
const FEED = `${EEV_URL}/feed/${WEBHOOK_ID}`;
// Places come out of order, as requests run in parallel. What is missing for longer is fetched.
const PATIENCE_MS = Number(process.env.PATIENCE_SECONDS ?? 2) * 1000;
const webhook = new Webhook(WEBHOOK_SECRET);

// What was handled, a line each: place, id, type. In a real program a table beside those that `work` writes, in one
// transaction with them.
const STORE = "complete.txt";
const ids = new Set();
const places = new Set();
let upTo = 0; // nothing is missing up to here

function restore() {
  if (!existsSync(STORE)) return;
  const text = readFileSync(STORE, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1); // a kill may leave half a line
  truncateSync(STORE, Buffer.byteLength(whole));
  for (const line of whole.split("\n").slice(0, -1)) {
    const [place, id] = line.split(" ");
    note(place, id);
  }
}

function note(place, id) {
  ids.add(id);
  if (place !== "-") places.add(Number(place));
  while (places.has(upTo + 1)) places.delete(++upTo);
}

// Handles an event unless that was done before.
function take(place, event) {
  if (ids.has(event.id)) return;
  work(event);
  appendFileSync(STORE, `${place} ${event.id} ${event.type}\n`);
  note(place, event.id);
}

// What your own program does.
function work(event) {
  console.log(event.type, event.id);
}

// 2xx for what was taken, now or before.
async function receive(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  try {
    webhook.verify(body, request.headers);
  } catch {
    return 401;
  }
  const place = request.headers["webhook-sequence"] ?? "-"; // a test has none
  take(place, JSON.parse(body));
  if (place !== "-" && Number(place) > upTo) fillSoon();
  return 204;
}

let filling = null;

// Fetches what is missing: at the start, and whenever a place is left out for longer than usual.
function fillSoon() {
  filling ??= (async () => {
    await sleep(PATIENCE_MS);
    let again = false;
    await fill().catch((error) => {
      console.error(`trying again: ${error.message}`);
      again = true;
    });
    filling = null;
    if (again || places.size > 0) fillSoon();
  })();
}

async function fill() {
  let after = upTo;
  let end = after + 1;
  while (after < end) {
    const answer = await fetch(`${FEED}?after=${after}&first=100`, { headers: { authorization: `Bearer ${EEV_KEY}` } });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    const page = await answer.json();
    for (const { sequence, event } of page.items) take(sequence, event);
    ({ next: after, end } = page);
    forgottenBefore(Math.min(page.expiredBefore, after + 1));
  }
}

// The server no longer has what is missing below a place: go on from there.
function forgottenBefore(place) {
  if (place - 1 <= upTo) return;
  console.error(`places up to ${place - 1} may be lost`);
  for (const one of places) if (one < place) places.delete(one);
  upTo = place - 1;
  while (places.has(upTo + 1)) places.delete(++upTo);
}

restore();
fillSoon();
const server = createServer(async (request, response) => {
  response.writeHead(await receive(request).catch(() => 500)).end();
});
server.listen(Number(PORT), "127.0.0.1", () => console.error(`Listening on http://127.0.0.1:${PORT}`));
