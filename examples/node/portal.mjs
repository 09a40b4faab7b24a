// A platform's site: each customer has a workspace and sees it in the portal, narrowed to what the person may do.
//
//     EEV_URL=http://127.0.0.1:8000/graphql EEV_KEY=… PORT=3000 node portal.mjs
//
// EEV_KEY needs INSTALLATION and the scopes that the tokens get. Start the server with
// FRAME_ANCESTORS=http://127.0.0.1:3000.

import { createServer } from "node:http";

const { EEV_URL, EEV_KEY, PORT } = process.env;
const WORKSPACE = `mutation ($input: CreateWorkspaceInput!) {
  createWorkspace(input: $input) { workspace { id } userErrors { message } }
}`;
const TOKEN = `mutation ($input: CreateAccessTokenInput!) {
  createAccessToken(input: $input) { token userErrors { message } }
}`;
const PAGE = `<!doctype html>
<title>Settings</title>
<iframe id="webhooks" title="Webhooks" width="100%" height="800" allow="clipboard-write"></iframe>
<script type="module">
  const [frame, server] = [document.getElementById("webhooks"), "${EEV_URL.replace(/\/graphql$/, "")}"];
  const newToken = async () => (await fetch("/webhooks-token", { method: "POST" })).text();
  frame.src = server + "/dashboard#token=" + (await newToken());
  addEventListener("message", async ({ origin, source, data }) => {
    if (origin !== server || source !== frame.contentWindow || data.type !== "eev-webhooks.token-wanted") return;
    source.postMessage({ type: "eev-webhooks.token", token: await newToken() }, server);
  });
</script>
`;

// Replace this by your own session.
function signedIn() {
  return { customer: { externalId: "customer-42", name: "Acme" }, person: { id: "user-7", name: "Ada Lovelace" } };
}

async function ask(query, input) {
  const answer = await fetch(EEV_URL, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${EEV_KEY}` },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(errors[0].message);
  const [payload] = Object.values(data);
  if (payload.userErrors.length > 0) throw new Error(payload.userErrors[0].message);
  return payload;
}

// Creating a workspace again returns the first one.
async function newToken(request) {
  const { customer, person } = signedIn(request);
  const { workspace } = await ask(WORKSPACE, customer);
  const reach = { workspaceId: workspace.id, actor: person };
  return (await ask(TOKEN, { scopes: ["READ", "MANAGE"], expiresInSeconds: 900, ...reach })).token;
}

async function respond(request, response) {
  if (request.method === "POST" && request.url === "/webhooks-token") {
    response.setHeader("cache-control", "no-store");
    return response.end(await newToken(request));
  }
  if (request.url !== "/") return response.writeHead(404).end();
  response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
}

const server = createServer((request, response) => {
  respond(request, response).catch((error) => {
    console.error(error.message);
    response.writeHead(500).end();
  });
});
server.listen(Number(PORT), "127.0.0.1", () => console.error(`Listening on http://127.0.0.1:${PORT}`));
