// Asks queries and mutations, and follows subscriptions, with the client that the dashboard uses too.
// Input stays in this tab (sessionStorage), and the key is sent to this server only.

import { post, Socket } from "./client.js";
import { make, openSchema, readSchema } from "./schema.js";

const MAX_SHOWN = 200;
const MAX_COLOURED_CHARACTERS = 200_000;
const ENDPOINT = new URL("graphql", location.href); // beside this page, also behind a proxy that adds a prefix
const EXAMPLES = {
  "Who am I?": [
    `{
  viewer {
    workspace { name }
    scopes
  }
}`,
  ],
  Webhooks: [
    `{
  webhooks(first: 20) {
    nodes { id name url status eventTypes }
  }
}`,
  ],
  "Latest deliveries": [
    `{
  deliveries(first: 10) {
    nodes {
      id
      status
      event { type }
      attempts(last: 1) {
        nodes { outcome response { status body } }
      }
    }
  }
}`,
  ],
  "Publish an event": [
    `mutation ($input: PublishEventInput!) {
  publishEvent(input: $input) {
    event { id }
    deliveryCount
    userErrors { path code message }
  }
}`,
    { input: { type: "ticket.created", data: { ticket: { id: "tkt_1", subject: "Hello", status: "new" } } } },
  ],
  "Follow deliveries": [
    `subscription {
  deliveryUpdates {
    cursor
    updates {
      delivery { id status attemptCount event { type } }
      attempt { outcome }
    }
  }
}`,
  ],
};

const $ = (id) => document.getElementById(id);
const fields = [$("key"), $("document"), $("variables")];
let stop = () => {};

async function run() {
  const found = operations();
  const operationName = found.length > 1 ? $("operation").value : undefined;
  const chosen = found.find(({ name }) => name === operationName) ?? found[0];
  [$("run").disabled, $("stop").disabled] = [true, false];
  say("Running…");
  try {
    const payload = { query: $("document").value, variables: readVariables(), operationName };
    await (chosen?.kind === "subscription" ? follow(payload) : ask(payload));
  } catch (error) {
    say(error.name === "AbortError" ? "Stopped" : error.message, true);
  }
  [$("run").disabled, $("stop").disabled] = [false, true];
}

function readVariables() {
  try {
    return JSON.parse($("variables").value.trim() || "{}");
  } catch (error) {
    throw new Error(`The variables are not JSON: ${error.message}`);
  }
}

async function ask(payload) {
  const aborting = new AbortController();
  stop = () => aborting.abort();
  const began = performance.now();
  const { status, answer } = await send(payload, aborting.signal);
  const cost = answer.extensions?.cost === undefined ? "" : `, cost ${answer.extensions.cost.requested}`;
  show(answer);
  say(`HTTP ${status} in ${Math.round(performance.now() - began)} ms${cost}`, Boolean(answer.errors));
}

function send(payload, signal) {
  return post(ENDPOINT, payload, { token: $("key").value, signal });
}

// Resolves when the socket is closed.
async function follow(payload) {
  const socket = new Socket(ENDPOINT, { token: $("key").value });
  let messages = 0;
  const count = () => say(`Following; messages: ${messages}`);
  stop = () => socket.close();
  socket.acknowledged.then(() => {
    count();
    socket.subscribe(payload, {
      next: (result) => {
        messages += 1;
        show(result);
        count();
      },
      end: (errors) => {
        if (errors) show({ errors });
        socket.close();
      },
    });
  });
  const { code, reason } = await socket.closed;
  const ended = code === 1000;
  say(ended ? `Ended; messages: ${messages}` : `The socket was closed: ${code} ${reason}`, !ended);
}

// Operation names are found outside all braces, comments and strings.
function operations() {
  let plain = $("document").value.replace(/"""[^]*?"""|"(?:[^"\\\n]|\\.)*"|#.*/g, "");
  for (let before; before !== plain;) [before, plain] = [plain, plain.replace(/\{[^{}]*\}/g, ";")];
  const found = plain.matchAll(/(?<![$@\w])(query|mutation|subscription)\b\s*(\w*)/g);
  return [...found].map(([, kind, name]) => ({ kind, name }));
}

function say(text, isBad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", isBad);
}

function show(value) {
  $("results").prepend(make("time", {}, new Date().toLocaleTimeString()), coloured(JSON.stringify(value, null, 2)));
  while ($("results").children.length > 2 * MAX_SHOWN) $("results").lastElementChild.remove();
}

function coloured(json) {
  const shown = make("pre");
  let end = 0;
  for (const token of json.length > MAX_COLOURED_CHARACTERS ? [] : json.matchAll(/"(?:[^"\\]|\\.)*"(:)?/g)) {
    const kind = token[1] ? "name" : "text";
    shown.append(json.slice(end, token.index), make("span", { className: kind }, token[0]));
    end = token.index + token[0].length;
  }
  shown.append(json.slice(end));
  return shown;
}

function put(text, variables = {}) {
  $("document").value = text;
  $("variables").value = Object.keys(variables).length ? JSON.stringify(variables, null, 2) : "";
  keep();
}

function keep() {
  for (const field of fields) sessionStorage.setItem(field.id, field.value);
  const names = operations().map(({ name }) => name);
  const chosen = $("operation").value;
  $("operation").hidden = names.length < 2;
  $("operation").replaceChildren(...names.map((name) => make("option", { selected: name === chosen }, name)));
}

function start() {
  for (const field of fields) {
    field.value = sessionStorage.getItem(field.id) ?? "";
    field.addEventListener("input", keep);
  }
  for (const name of Object.keys(EXAMPLES)) $("examples").append(make("option", {}, name));
  $("examples").onchange = () => {
    if ($("examples").value) put(...EXAMPLES[$("examples").value]);
    $("examples").value = "";
  };
  $("key").onchange = () => readSchema(send);
  $("run").onclick = run;
  $("stop").onclick = () => stop();
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("run").disabled) run();
  });
  openSchema(put);
  if (!$("document").value) put(...EXAMPLES["Who am I?"]);
  keep();
  if ($("key").value) readSchema(send);
}

start();
