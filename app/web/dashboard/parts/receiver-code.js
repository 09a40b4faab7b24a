/** Code of a receiver that verifies a webhook, with the secret filled in: for a first start, to be copied. */

import { copyButton } from "./copy.js";
import { preformatted } from "./elements.js";
import { el, fill } from "../lib/index.js";

/** @type {Record<string, (secret: string) => string>} */
const LANGUAGES = {
  Python: (secret) => `# pip install standardwebhooks flask
from flask import Flask, request
from standardwebhooks import Webhook

app = Flask(__name__)
webhook = Webhook("${secret}")

@app.post("/webhooks")
def receive():
    event = webhook.verify(request.data, dict(request.headers))
    print(event["type"], event["data"])
    return "", 204
`,
  Node: (secret) => `// npm install standardwebhooks express
import express from "express";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook("${secret}");
const app = express();

app.post("/webhooks", express.raw({ type: "*/*" }), (request, response) => {
  const event = webhook.verify(request.body, request.headers);
  console.log(event.type, event.data);
  response.sendStatus(204);
});
app.listen(3000);
`,
  Go: (secret) => `// go get github.com/standard-webhooks/standard-webhooks/libraries/go
package main

import (
	"fmt"
	"io"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	webhook, _ := standardwebhooks.NewWebhook("${secret}")
	http.HandleFunc("/webhooks", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := webhook.Verify(body, r.Header); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Println(string(body))
		w.WriteHeader(http.StatusNoContent)
	})
	http.ListenAndServe(":3000", nil)
}
`,
  PHP: (secret) => `<?php // composer require standard-webhooks/standard-webhooks
require "vendor/autoload.php";

$webhook = new StandardWebhooks\\Webhook("${secret}");
$body = file_get_contents("php://input");
$event = $webhook->verify($body, getallheaders());
error_log($event["type"]);
http_response_code(204);
`,
};

/** Code in each language, one at a time. @param {string} secret */
export function receiverCode(secret) {
  const shown = preformatted();
  const choose = el("select", { "aria-label": "Language", onchange: draw }, Object.keys(LANGUAGES).map((name) => el("option", {}, name)));
  function draw() {
    fill(shown, LANGUAGES[choose.value](secret));
  }
  draw();
  return el("div", { class: "stack" }, el("div", { class: "row" }, choose, copyButton(() => shown.textContent ?? "", "Copy the code")), shown);
}
