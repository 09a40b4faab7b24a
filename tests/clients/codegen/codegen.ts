import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["program.ts"],
  generates: {
    "generated/": {
      preset: "client",
      config: { useTypeImports: true, scalars: { DateTime: "string", JSON: "unknown" } },
    },
  },
};

export default config;
