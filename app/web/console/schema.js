// Lists the schema by introspection, and writes an operation for each of its fields.

const INTROSPECTION = `{ __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  types { kind name description fields { name description args { ...Input } type { ...Ref } }
    inputFields { ...Input } enumValues { name description } possibleTypes { name } } } }
fragment Input on __InputValue { name description defaultValue type { ...Ref } }
fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;
const SAMPLES = { Int: 0, Float: 0, Boolean: false, JSON: {} };

const search = document.getElementById("search");
const shown = document.getElementById("page");
let types = new Map();
let roots = {};
let put = () => {};

// Empty at first. `onPut` receives the text of a chosen operation, and its variables.
export function openSchema(onPut) {
  put = onPut;
  search.addEventListener("input", showOverview);
}

// Reads the schema: `send` sends a request, and resolves to its answer.
export async function readSchema(send) {
  try {
    const { answer } = await send({ query: INTROSPECTION });
    if (answer.errors) throw new Error(answer.errors[0].message);
    const schema = answer.data.__schema;
    types = new Map(schema.types.map((type) => [type.name, type]));
    roots = {
      query: types.get(schema.queryType.name),
      mutation: types.get(schema.mutationType.name),
      subscription: types.get(schema.subscriptionType.name),
    };
    showOverview();
  } catch (error) {
    [types, roots] = [new Map(), {}];
    shown.replaceChildren(make("p", { className: "bad" }, `The schema cannot be shown: ${error.message}`));
  }
}

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function showOverview() {
  const wanted = search.value.toLowerCase();
  const holds = (text) => (text ?? "").toLowerCase().includes(wanted);
  const parts = Object.entries(roots).flatMap(([kind, root]) => {
    const fields = root.fields.filter(
      ({ name, description }) => holds(name) || (wanted.length > 2 && holds(description)),
    );
    return fields.length
      ? [make("h2", {}, kind), make("dl", {}, ...fields.flatMap((field) => entry(field, kind)))]
      : [];
  });
  const others = wanted ? [...types.values()].filter(({ name }) => !name.startsWith("__") && holds(name)) : [];
  shown.replaceChildren(
    ...parts,
    ...others.map((type) =>
      make(
        "p",
        {},
        link(type.name, () => showType(type)),
      ),
    ),
  );
}

function showType(type) {
  const members = type.fields ?? type.inputFields ?? type.enumValues ?? [];
  const possible = (type.possibleTypes ?? []).map(({ name }) => types.get(name));
  shown.replaceChildren(
    link("‹ All operations", showOverview),
    make("h2", {}, type.name),
    make("p", {}, type.description ?? ""),
    make("dl", {}, ...members.flatMap((member) => entry(member))),
    ...possible.map((one) =>
      make(
        "p",
        {},
        link(one.name, () => showType(one)),
      ),
    ),
  );
}

// A field, argument or value with its types; one of a root type can be put into the document.
function entry(member, kind) {
  const typed = (type) => link(written(type), () => showType(named(type)));
  const args = (member.args ?? []).flatMap(({ name, type }, index) => [index ? ", " : "(", `${name}: `, typed(type)]);
  const name = kind ? link(member.name, () => putOperation(kind, member)) : member.name;
  if (kind) name.title = "Put it into the document";
  const code = make(
    "code",
    {},
    name,
    ...args,
    args.length ? ")" : "",
    ...(member.type ? [": ", typed(member.type)] : []),
  );
  return [make("dt", {}, code), make("dd", {}, member.description ?? "")];
}

function link(text, onclick) {
  return make("button", { type: "button", onclick }, text);
}

function putOperation(kind, field) {
  const needed = field.args.filter(isRequired);
  const declared = needed.map(({ name, type }) => `$${name}: ${written(type)}`).join(", ");
  const given = needed.map(({ name }) => `${name}: $${name}`).join(", ");
  const head = `${kind}${declared && ` (${declared})`} {\n  ${field.name}${given && `(${given})`}`;
  put(
    `${head}${selection(named(field.type), 1, "  ")}\n}`,
    Object.fromEntries(needed.map(({ name, type }) => [name, sample(type)])),
  );
}

// Fields without subfields, and a few levels of those with subfields.
function selection(type, levels, indent) {
  if (!type.fields && !type.possibleTypes) return "";
  const lines = (type.fields ?? []).flatMap((field) => {
    const inner = named(field.type);
    const isLeaf = !inner.fields && !inner.possibleTypes;
    if (field.args.some(isRequired) || (!isLeaf && (!levels || field.name === "edges"))) return [];
    return [field.name + selection(inner, levels - 1, `${indent}  `)];
  });
  return ` {\n${(lines.length ? lines : ["__typename"]).map((line) => `${indent}  ${line}\n`).join("")}${indent}}`;
}

function sample(type) {
  if (type.kind === "NON_NULL") return sample(type.ofType);
  if (type.kind === "LIST") return [];
  const { inputFields, enumValues } = types.get(type.name);
  if (enumValues) return enumValues[0].name;
  if (!inputFields) return SAMPLES[type.name] ?? "";
  return Object.fromEntries(inputFields.filter(isRequired).map((field) => [field.name, sample(field.type)]));
}

function isRequired({ type, defaultValue }) {
  return type.kind === "NON_NULL" && defaultValue === null;
}

function named(type) {
  return type.ofType ? named(type.ofType) : types.get(type.name);
}

function written(type) {
  if (type.kind === "NON_NULL") return `${written(type.ofType)}!`;
  return type.kind === "LIST" ? `[${written(type.ofType)}]` : type.name;
}
