// Compares two schemas, and prints each change that could break a client of the first.

import { readFileSync } from "node:fs";

import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

const [before, after] = process.argv.slice(2).map((file) => buildSchema(readFileSync(file, "utf8")));

for (const { criticality, path, message } of await diff(before, after)) {
  if (criticality.level === CriticalityLevel.Breaking) console.log(JSON.stringify({ path, message }));
}
