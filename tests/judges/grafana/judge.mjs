// What Grafana's own types (@grafana/schema) find wrong with dashboards.
//
//     node judge.mjs FOLDER_OF_THE_PACKAGES dashboard.json ...
//
// Each dashboard is written out as a literal of the type Dashboard, and each of its panels as one of the type that its plugin
// has for its options and its fields; TypeScript's compiler then says what does not fit, unknown fields included. Writes each
// fault with the place of its value. The exit code is 1 when there is any. It changes nothing.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

// The packages lie in the folder of the first argument, not beside this file: the repository stays clean.
const [folder, ...files] = process.argv.slice(2);
const load = createRequire(pathToFileURL(`${folder}/package.json`));
const ts = load("typescript");
const schema = join(folder, "node_modules/@grafana/schema/dist/types");

/** The plugins of panels, as the folders of their types are called. Those whose fields have no settings of their own: false. */
const PLUGINS = {
  bargauge: false,
  gauge: false,
  heatmap: true,
  histogram: true,
  piechart: true,
  stat: false,
  "state-timeline": true,
  table: true,
  text: false,
  timeseries: true,
};

const HEAD = `
import type { Dashboard, FieldConfig, Panel, RowPanel } from "@grafana/schema";
import type { AnnotationQuery, DashboardLink, VariableModel } from "@grafana/schema";

/** Types with the texts of enumerations in the place of their members, because JSON has texts. */
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? Plain<Item>[] : T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;

/** A panel, with the options of its plugin and the settings that the plugin's fields have. */
type PanelOf<Options, Custom> = Plain<Omit<Panel, "options" | "fieldConfig" | "targets"> & {
  options?: Partial<Options>;
  fieldConfig?: { defaults: Omit<FieldConfig, "custom"> & { custom?: Partial<Custom> };
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[] };
  targets?: Target[];
}>;

/** A question to Prometheus. It has no types of its own in the package. */
type Target = { refId: string; expr: string; legendFormat?: string; datasource: { type: "prometheus"; uid: string };
  format?: "table" | "time_series" | "heatmap"; instant?: boolean; range?: boolean; exemplar?: boolean; hide?: boolean;
  interval?: string; editorMode?: "code" | "builder"; intervalFactor?: number };

/** What Grafana's own dashboards have besides, and its schema does not name. */
type Rest = { id: null; liveNow?: boolean; weekStart?: string; time: { from: string; to: string }; timepicker: {} };
type Annotation = Plain<AnnotationQuery> & { titleFormat?: string; textFormat?: string; tagKeys?: string; step?: string;
  useValueForTime?: boolean; expr?: string };
type Board = Omit<Plain<Dashboard>, "panels" | "id" | "annotations" | "templating" | "links" | "time" | "timepicker"> & Rest & {
  annotations: { list: Annotation[] };
  templating: { list: (Omit<Plain<VariableModel>, "current"> & { current: unknown; definition?: string })[] };
  links: Omit<Plain<DashboardLink>, "placement">[];
};
type Row = Omit<Plain<RowPanel>, "panels"> & { panels: [] };
`;

/** The source text of one dashboard, with the name of the value that stands on each line. */
function source(board) {
  const lines = HEAD.split("\n").map((text) => ({ text, place: "types" }));
  const add = (text, place) => lines.push({ text, place });
  const declare = (name, type, value, place) => {
    add(`export const ${name}: ${type} =`, place);
    const path = [];
    for (const text of JSON.stringify(value, null, 1).split("\n")) {
      const depth = text.search(/\S/);
      path.length = depth;
      path[depth] = /^\s*"([^"]*)":/.exec(text)?.[1] ?? path[depth] ?? "";
      add(text, [place, ...path.filter(Boolean)].join("."));
    }
    add(";", place);
  };
  for (const [plugin, hasFields] of Object.entries(PLUGINS)) {
    const from = `"${schema}/raw/composable/${plugin.replaceAll("-", "")}/panelcfg/x/types.gen"`;
    const name = plugin.replaceAll("-", "_");
    add(`import type { Options as ${name}_options } from ${from};`, "types");
    add(hasFields ? `import type { FieldConfig as ${name}_fields } from ${from};` : `type ${name}_fields = {};`, "types");
  }
  const { panels, ...rest } = board;
  declare("board", "Board", rest, "dashboard");
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  all.forEach((panel, index) => {
    const place = `panel ${panel.id} (${panel.title})`;
    const name = panel.type.replaceAll("-", "_");
    if (panel.type === "row") {
      declare(`panel_${index}`, "Row", { ...panel, panels: [] }, place);
    } else if (panel.type in PLUGINS) {
      declare(`panel_${index}`, `PanelOf<${name}_options, ${name}_fields>`, panel, place);
    } else {
      add(`export const panel_${index}: "a known plugin" = ${JSON.stringify(panel.type)};`, place);
    }
  });
  return lines;
}

const options = { strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022,
  moduleResolution: ts.ModuleResolutionKind.Bundler, exactOptionalPropertyTypes: false, types: [] };
const sources = new Map(files.map((file) => {
  const name = join(folder, `${basename(file, ".json")}.judged.ts`);
  return [name, { file: basename(file), lines: source(JSON.parse(readFileSync(file, "utf8"))) }];
}));
const host = ts.createCompilerHost(options);
const { readFile, fileExists, getSourceFile } = host;
const text = (name) => sources.get(name)?.lines.map((line) => line.text).join("\n");
host.readFile = (name) => text(name) ?? readFile(name);
host.fileExists = (name) => sources.has(name) || fileExists(name);
host.getSourceFile = (name, version) =>
  sources.has(name) ? ts.createSourceFile(name, text(name), version) : getSourceFile(name, version);

const program = ts.createProgram([...sources.keys()], options, host);
const faults = new Set();
for (const fault of ts.getPreEmitDiagnostics(program)) {
  const message = ts.flattenDiagnosticMessageText(fault.messageText, " ").replace(/\s+/g, " ");
  const judged = fault.file && sources.get(fault.file.fileName);
  if (!judged) {
    faults.add(`the judge: ${fault.file?.fileName ?? ""} ${message}`);
    continue;
  }
  const line = fault.file.getLineAndCharacterOfPosition(fault.start).line;
  faults.add(`${judged.file}, ${judged.lines[line]?.place}: ${message.slice(0, 300)}`);
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.size > 0 ? 1 : 0;
