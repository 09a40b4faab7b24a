import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";

export async function execute<Result, Variables>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const answer = await fetch("http://127.0.0.1:8000/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: print(document), variables }),
  });
  return ((await answer.json()) as { data: Result }).data;
}
