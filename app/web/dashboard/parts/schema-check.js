/**
 * Tells while one types what a JSON Schema would refuse: types, required fields, values, lengths and bounds. The server
 * checks the whole schema; this is for hints alone, so what it does not know it lets pass.
 */

/** Returns what is wrong with a text, as sentences; none if it is valid as far as can be checked. @param {string} text @param {any} schema @returns {string[]} */
export function violations(text, schema) {
  try {
    return [...check(JSON.parse(text), schema, "data", schema)];
  } catch (error) {
    return [`This is not JSON: ${/** @type {Error} */ (error).message}`];
  }
}

/** @param {any} value @param {any} schema @param {string} at @param {any} root @returns {Generator<string>} */
function* check(value, schema, at, root) {
  if (typeof schema !== "object" || schema === null) return;
  if (schema.$ref) yield* check(value, resolve(schema.$ref, root), at, root);
  const types = [schema.type ?? []].flat();
  if (types.length > 0 && !types.some((type) => is(value, type))) {
    yield `${at} is ${typeOf(value)}; it must be ${types.join(" or ")}.`;
    return;
  }
  yield* checkValue(value, schema, at);
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* check(item, schema.items, `${at}[${index}]`, root);
  else if (typeof value === "object" && value !== null) yield* checkObject(value, schema, at, root);
}

/** @param {any} value @param {any} schema @param {string} at */
function* checkValue(value, schema, at) {
  if (schema.enum && !schema.enum.some((/** @type {unknown} */ each) => JSON.stringify(each) === JSON.stringify(value))) {
    yield `${at} is ${JSON.stringify(value)}; it must be one of ${schema.enum.join(", ")}.`;
  }
  if (typeof value === "string" && schema.minLength !== undefined && value.length < schema.minLength) yield `${at} is shorter than ${schema.minLength} characters.`;
  if (typeof value === "string" && schema.maxLength !== undefined && value.length > schema.maxLength) yield `${at} is longer than ${schema.maxLength} characters.`;
  if (typeof value === "number" && schema.minimum !== undefined && value < schema.minimum) yield `${at} is less than ${schema.minimum}.`;
  if (typeof value === "number" && schema.maximum !== undefined && value > schema.maximum) yield `${at} is more than ${schema.maximum}.`;
}

/** @param {Record<string, any>} value @param {any} schema @param {string} at @param {any} root @returns {Generator<string>} */
function* checkObject(value, schema, at, root) {
  for (const name of schema.required ?? []) if (!(name in value)) yield `${at}.${name} is missing.`;
  for (const [name, of] of Object.entries(schema.properties ?? {})) if (name in value) yield* check(value[name], of, `${at}.${name}`, root);
}

/** @param {string} reference such as "#/$defs/ticket" @param {any} root */
function resolve(reference, root) {
  return reference.replace(/^#\/?/, "").split("/").filter(Boolean).reduce((found, name) => found?.[name], root);
}

/** @param {unknown} value @param {string} type */
function is(value, type) {
  return type === "integer" ? Number.isInteger(value) : type === typeOf(value);
}

/** @param {unknown} value */
function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
