// A receiver: accepts requests only from the server's addresses, verifies them, and drops duplicates.
//
//     npm install
//     EEV_URL=http://127.0.0.1:8000/graphql EEV_KEY=… WEBHOOK_SECRET=whsec_… PORT=9000 node receiver.mjs

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

import { Webhook } from "standardwebhooks";

const { EEV_URL, EEV_KEY, WEBHOOK_SECRET, PORT } = process.env;
const webhook = new Webhook(WEBHOOK_SECRET);

// In a real program, a table that is written in one transaction with the effects of the event.
const SEEN = "seen.txt";
const seen = new Set(existsSync(SEEN) ? readFileSync(SEEN, "utf8").split("\n") : []);

// Empty if the server's operator has not published them. Needs a key with READ.
async function sources() {
  const answer = await fetch(EEV_URL, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${EEV_KEY}` },
    body: JSON.stringify({ query: "{ egressAddresses }" }),
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return (await answer.json()).data.egressAddresses;
}

const allowed = await sources();

// 2xx for accepted events and duplicates; any other answer is retried.
async function receive(request) {
  // Behind a proxy, this is the proxy's address: let the proxy restrict sources, or forward them.
  if (allowed.length > 0 && !allowed.includes(request.socket.remoteAddress)) return 403;
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  try {
    webhook.verify(body, request.headers);
  } catch {
    return 401;
  }
  const id = request.headers["webhook-id"];
  if (!seen.has(id)) {
    seen.add(id);
    appendFileSync(SEEN, `${id}\n`);
    work(JSON.parse(body));
  }
  return 204;
}

// Replace this by your own program.
function work(event) {
  console.log(event.type, event.id);
}

const server = createServer(async (request, response) => {
  response.writeHead(await receive(request).catch(() => 500)).end();
});
server.listen(Number(PORT), "127.0.0.1", () => console.error(`Listening on http://127.0.0.1:${PORT}`));
