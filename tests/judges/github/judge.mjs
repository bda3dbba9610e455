// What GitHub's own description of its REST API (OpenAPI) finds wrong with calls and their answers.
//
// Reads one call a line, {"method", "path", "query", "request", "status", "answer"}, where `query` is an object of texts and
// null stands for a body that is not there. Writes each fault once: the operation, where in it, and what is wrong. The exit
// code is 1 when there is any. It changes nothing, and asks nobody but the packages beside it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The packages lie in the folder of the first argument, not beside this file: the repository stays clean.
const load = createRequire(pathToFileURL(`${process.argv[2]}/package.json`));
const Ajv = load("ajv").default;
const addFormats = load("ajv-formats").default;
const description = JSON.parse(readFileSync(load.resolve("@octokit/openapi/generated/api.github.com.json"), "utf8"));

/** Refusals that any operation may give, whether it says so or not. */
const isGeneral = (status) => [304, 401, 403, 404, 422, 429].includes(status) || status >= 500;

/** OpenAPI 3.0 says `nullable` where JSON Schema says that null is a type, too. */
function allowNull(node) {
  if (Array.isArray(node)) return node.map(allowNull);
  if (node === null || typeof node !== "object") return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, allowNull(value)]));
  if (copy.nullable !== true) return copy;
  delete copy.nullable;
  if (Array.isArray(copy.enum) && !copy.enum.includes(null)) copy.enum.push(null);
  if (typeof copy.type === "string") copy.type = [copy.type, "null"];
  return copy.type && !(copy.allOf || copy.anyOf || copy.oneOf) ? copy : { anyOf: [{ type: "null" }, withoutNull(copy)] };
}

function withoutNull(schema) {
  return Array.isArray(schema.type) ? { ...schema, type: schema.type[0] } : schema;
}

const api = allowNull({ components: description.components, paths: description.paths });
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
addFormats(ajv, { mode: "fast" });
ajv.addSchema(api, "github");
const coercing = new Ajv({ strict: false, logger: false, coerceTypes: true });

const escape = (part) => part.replaceAll("~", "~0").replaceAll("/", "~1");
const pointer = (...parts) => parts.map((part) => `/${escape(String(part))}`).join("");

/** Follows `$ref`s; gives what is there and where that is. */
function resolve(node, at) {
  while (node?.$ref) {
    at = node.$ref.slice(1);
    const parts = at.split("/").slice(1);
    node = parts.reduce((inner, part) => inner?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
  }
  return [node, at];
}

function parametersOf(template, operation) {
  const given = [...(api.paths[template].parameters ?? []), ...(operation.parameters ?? [])];
  return given.map((parameter) => resolve(parameter, "")[0]);
}

const quote = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Every operation with the expression that its paths match; the most specific first. */
const operations = Object.entries(api.paths).flatMap(([template, methods]) =>
  ["get", "post", "put", "patch", "delete"].filter((method) => methods[method]).map((method) => {
    const operation = methods[method];
    const parameters = parametersOf(template, operation);
    const isLong = (name) => parameters.some((one) => one.in === "path" && one.name === name && one["x-multi-segment"]);
    const names = [];
    const parts = template.split(/(\{[^}]+\})/).map((part) => {
      if (!part.startsWith("{")) return quote(part);
      const name = part.slice(1, -1);
      names.push(name);
      return isLong(name) ? "(.+)" : "([^/]+)";
    });
    const long = names.filter(isLong).length;
    const literal = template.split("/").filter((part) => part && !part.startsWith("{")).length;
    return { method, template, operation, parameters, names, long, literal, pattern: new RegExp(`^${parts.join("")}$`) };
  }),
).sort((a, b) => b.literal - a.literal || a.long - b.long || a.names.length - b.names.length);

/** The fields that a schema lists, itself and by its parts; null where anything goes. */
function fieldsOf(node) {
  const [schema] = resolve(node, "");
  if (!schema || schema.additionalProperties) return null;
  const parts = [schema.allOf, schema.anyOf, schema.oneOf].flatMap((part) => part ?? []).map((part) => resolve(part, "")[0]);
  const fields = new Map();
  const add = (name, field) => fields.set(name, [...(fields.get(name) ?? []), field]);
  Object.entries(schema.properties ?? {}).forEach(([name, field]) => add(name, field));
  for (const part of parts) {
    // A variant of a schema that lists its fields only says more about them.
    if (part.additionalProperties && !schema.properties) return null;
    const inner = fieldsOf({ ...part, additionalProperties: undefined });
    for (const [name, found] of inner ?? []) found.forEach((field) => add(name, field));
  }
  return fields.size ? fields : null;
}

function itemsOf(nodes) {
  return nodes.flatMap((node) => {
    const [schema] = resolve(node, "");
    if (!schema) return [];
    const parts = [schema.allOf, schema.anyOf, schema.oneOf].flatMap((part) => part ?? []);
    return [...(schema.items ? [schema.items] : []), ...itemsOf(parts)];
  });
}

/** Fields that GitHub does not know, where it says which it knows. */
function unknownFields(nodes, value, at) {
  if (Array.isArray(value)) {
    const items = itemsOf(nodes);
    return items.length ? value.flatMap((item, index) => unknownFields(items, item, `${at}/${index}`)) : [];
  }
  if (value === null || typeof value !== "object") return [];
  const fields = fieldsOf(nodes.length === 1 ? nodes[0] : { anyOf: nodes });
  if (!fields) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = at + pointer(name);
    return fields.has(name) ? unknownFields(fields.get(name), inner, place) : [`${place}: GitHub knows no such field`];
  });
}

/** What is wrong with a value by the schema at a place in the description. */
function schemaFaults(node, at, value) {
  const validate = ajv.getSchema(`github#${at.split("/").map(encodeURIComponent).join("/")}`);
  const isTold = (error) => !["anyOf", "oneOf", "allOf"].includes(error.keyword) || validate.errors.length === 1;
  const isNull = (error) => error.keyword === "type" && error.params.type === "null" && validate.errors.length > 1;
  const words = (error) => {
    const known = error.params.allowedValues ? ` (${error.params.allowedValues.join(", ")})` : "";
    return `${error.instancePath || "/"}: ${error.message}${known}`;
  };
  const wrong = validate(value) ? [] : validate.errors.filter((error) => isTold(error) && !isNull(error)).map(words);
  return [...wrong, ...unknownFields([node], value, "")];
}

function parameterFaults(found, path, query) {
  const values = found.pattern.exec(path).slice(1).map(decodeURIComponent);
  const inPath = found.names.map((name, index) => ["path", name, values[index]]);
  const inQuery = Object.entries(query ?? {}).map(([name, value]) => ["query", name, value]);
  return [...inPath, ...inQuery].flatMap(([place, name, value]) => {
    const parameter = found.parameters.find((one) => one.in === place && one.name === name);
    if (!parameter) return [`${place} ${name}: GitHub knows no such parameter`];
    const [schema] = resolve(parameter.schema, "");
    const validate = coercing.compile({ type: "object", properties: { value: { type: schema.type, enum: schema.enum } } });
    return validate({ value }) ? [] : [`${place} ${name}: ${coercing.errorsText(validate.errors, { dataVar: "it" })}`];
  });
}

function requestFaults(found, request) {
  const base = pointer("paths", found.template, found.method, "requestBody");
  const [body, at] = resolve(found.operation.requestBody, base);
  const media = body?.content?.["application/json"];
  if (!media) return request === null ? [] : ["request: GitHub takes no body here"];
  if (request === null) return body.required ? ["request: the body is missing"] : [];
  const place = at + pointer("content", "application/json", "schema");
  return schemaFaults(...resolve(media.schema, place), request).map((fault) => `request ${fault}`);
}

function answerFaults(found, status, answer) {
  const base = pointer("paths", found.template, found.method, "responses", status);
  const [response, at] = resolve(found.operation.responses[status], base);
  if (!response && !isGeneral(status)) return [`answer: GitHub does not answer ${status} here`];
  if (status >= 400) return typeof answer?.message === "string" ? [] : [`answer ${status} /message: it is missing`];
  const media = response?.content?.["application/json"];
  if (!media) return answer === null ? [] : [`answer ${status}: GitHub gives no body here`];
  const place = at + pointer("content", "application/json", "schema");
  return schemaFaults(...resolve(media.schema, place), answer).map((fault) => `answer ${status} ${fault}`);
}

function faultsOf({ method, path, query, request, status, answer }) {
  const found = operations.find((one) => one.method === method.toLowerCase() && one.pattern.test(path));
  if (!found) return [`${method} ${path}: GitHub has no such operation`];
  const faults = [
    ...parameterFaults(found, path, query),
    // What was refused may well have been wrong.
    ...(status >= 400 ? [] : requestFaults(found, request)),
    ...answerFaults(found, status, answer),
  ];
  return faults.map((fault) => `${method} ${found.template} ${fault}`);
}

const lines = readFileSync(0, "utf8").split("\n").filter((line) => line.trim());
const faults = new Set(lines.flatMap((line) => faultsOf(JSON.parse(line))));
for (const fault of faults) console.log(fault);
process.exitCode = faults.size ? 1 : 0;
