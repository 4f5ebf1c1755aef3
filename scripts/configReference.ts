import { describeType, type JsonSchema, toJsonSchema } from '../src/experiment/config/describeType.ts';
import { experimentSchema } from '../src/experiment/config/experimentSchema.ts';
import { customNetworkSchema, layerSchema } from '../src/experiment/config/networkSchema.ts';
import { analysisSchema, runConfigSchema } from '../src/experiment/config/schema.ts';

/** What `$ref` may point at is worth it from this many characters on. */
const REFERENCE_FROM = 80;

/** Returns the JSON Schema of a config file, as editors read it (draft 7), with what is said once referred to from the sweep. */
export function configJsonSchema(): JsonSchema {
  const { properties, additionalProperties, type } = toJsonSchema(experimentSchema);
  const places = new Map<string, string>();
  for (const [key, schema] of Object.entries(properties!)) {
    // Bases and sweeps bring what a map in one file lacks, so that no key of it can be called missing.
    dropRequired(schema);
    if (key !== 'sweep') collectPlaces(schema, `#/properties/${key}`, places);
  }
  dropRequired(properties!.sweep!.properties!.include!.items!);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'phasewatch experiment',
    type: type!,
    properties: { ...properties, sweep: refer(properties!.sweep!, places) as JsonSchema },
    additionalProperties,
  };
}

function dropRequired(schema: JsonSchema): void {
  delete schema.required;
  for (const inner of [...Object.values(schema.properties ?? {}), ...(schema.anyOf ?? [])])
    dropRequired(inner);
}

function collectPlaces(schema: JsonSchema, at: string, places: Map<string, string>): void {
  const text = JSON.stringify(schema);
  if (text.length >= REFERENCE_FROM && !places.has(text)) places.set(text, at);
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    collectPlaces(inner, `${at}/properties/${key}`, places);
  }
  schema.anyOf?.forEach((inner, i) => {
    collectPlaces(inner, `${at}/anyOf/${i}`, places);
  });
}

function refer(value: unknown, places: ReadonlyMap<string, string>): unknown {
  const place = places.get(JSON.stringify(value));
  if (place !== undefined) return { $ref: place };
  if (Array.isArray(value)) return value.map((inner) => refer(inner, places));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, refer(inner, places)]));
}

/** Returns docs/reference/config.md. */
export function configMarkdown(): string {
  const run = toJsonSchema(runConfigSchema).properties!;
  const { sweep, analysis: _, ...all } = toJsonSchema(experimentSchema).properties!;
  const own = Object.fromEntries(Object.entries(all).filter(([key]) => run[key] === undefined));
  const { layers: __, ...network } = toJsonSchema(customNetworkSchema).properties!;
  const layers = toJsonSchema(layerSchema).oneOf!;
  const sweepOwn = Object.fromEntries(
    Object.entries(sweep!.properties!).filter(([key]) => ['zip', 'exclude', 'include'].includes(key)),
  );
  return `${[
    INTRODUCTION,
    table(own, ''),
    RUN,
    table(run, ''),
    ANALYSIS,
    table(toJsonSchema(analysisSchema).properties!, 'analysis.'),
    SWEEP,
    table(sweepOwn, ''),
    SWEEP_EXAMPLE,
    OVERRIDES,
    NETWORK,
    table(network, 'network.'),
    ...layers.map(layerSection),
    IDENTITY,
  ].join('\n\n')}\n`;
}

function layerSection(schema: JsonSchema): string {
  const { type, ...keys } = schema.properties!;
  const heading = `### \`type: ${type!.const}\``;
  return Object.keys(keys).length === 0 ? heading : `${heading}\n\n${table(keys, '', schema.required)}`;
}

function table(properties: Record<string, JsonSchema>, prefix: string, required: string[] = []): string {
  return [
    '| key | value | default | meaning |',
    '|---|---|---|---|',
    ...rows(properties, prefix, required),
  ].join('\n');
}

function rows(properties: Record<string, JsonSchema>, prefix: string, required: readonly string[]): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const options = schema.anyOf ?? [schema];
    const inner = key === 'network' ? undefined : options.find(({ properties }) => properties !== undefined);
    const type = options
      .map((option) => (option.properties === undefined ? describeType(option) : 'a map'))
      .join(', or ');
    const missing = required.includes(key) ? 'must be given' : '';
    const value =
      schema.default === undefined || (inner !== undefined && schema.default !== null)
        ? missing
        : `\`${showDefault(schema.default)}\``;
    return [
      `| \`${prefix}${key}\` | ${type} | ${value} | ${schema.description ?? ''} |`,
      ...(inner === undefined ? [] : rows(inner.properties!, `${prefix}${key}.`, inner.required ?? [])),
    ];
  });
}

/** As it would be written in YAML. */
function showDefault(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const INTRODUCTION = `# Config files

A config file is YAML: the settings of a run, and what of them a sweep changes.
\`phasewatch run FILE\` trains every run of it. An unknown key is an error. This page is generated
from the schema that checks the files (\`npm run reference\`).

Editors complete and check configs with \`schemas/config.schema.json\`. For those that use the YAML
language server, a first line does it:

    # yaml-language-server: $schema=../schemas/config.schema.json

## The experiment`;

const RUN = `\`extends\` names a file whose keys hold where this one is silent. Maps such as \`optimizer\` are
merged key by key. Everything else is replaced. \`name\` and \`description\` are not inherited.

## A run

\`network\` and \`dataset\` must be given: here, in the base, or in the sweep.`;

const ANALYSIS = '## The analysis';

const SWEEP = `## The sweep

Under \`sweep\` any key of a run takes a list. A key that lies in a map is dotted. Every combination
of the lists is one run; the first list changes slowest.

    sweep:
      batchSize: [16, 32]
      optimizer.momentum: [0, 0.9]
      seed: [1, 2, 3]

makes 12 runs, from \`momentum=0_b=16_seed=1\` on. The id of a run says what sets it apart, and names
its folder.`;

const SWEEP_EXAMPLE = `    sweep:
      zip:
        - batchSize: [2, 8, 32]
          learningRate: [0.0025, 0.005, 0.01] # with batch size 2, 8 and 32
      seed: [1, 2]
      exclude:
        - { batchSize: 2, seed: 2 }
      include:
        - { name: over-regularized, l2: { coefficient: 0.01, layers: [fc1] } }

An \`include\` entry starts from the config outside of \`sweep\`. With \`include\` alone there is no
grid.`;

const OVERRIDES = `## Overrides

\`--set KEY=VALUE\` changes a key from the command line. The value is written as in YAML. It may be
given several times, and the last one stands.

    phasewatch run configs/quick.yaml --set epochs=1 --set optimizer.type=adam
    phasewatch run configs/quick.yaml --set sweep.batchSize=2,4,8   # another list for one axis
    phasewatch run configs/quick.yaml --set sweep={} --set batchSize=8   # a single run

A key that the sweep sets is set through \`sweep.KEY\`.`;

const NETWORK = `## Networks of your own

\`network\` is a name, or a map with the layers from input to logits. The softmax belongs to the loss.

    network:
      layers:
        - { type: flatten }
        - { type: dense, name: fc1, units: 300 }
        - { type: dense, name: fc2, units: 10 }

A layer takes the output of the one before it, or of the layer that its \`input\` names. \`add\`
sums two outputs. A residual block whose shortcut is projected by a convolution:

    - { type: conv, name: a1, filters: 32, kernel: 3, stride: 2, input: x }
    - { type: conv, name: a2, filters: 32, kernel: 3, activation: linear }
    - { type: conv, name: s, filters: 32, kernel: 1, stride: 2, activation: linear, input: x }
    - { type: add, with: a2 }
    - { type: activation, activation: relu }

The last layer gives the logits: an activation that clips or bounds them is refused.
\`configs/resnet-fashion.yaml\` is a whole network.`;

const IDENTITY = `## What makes two runs the same

A finished run is not trained again. Two runs are the same when what their weights follow from is:
every key of the run but \`snapshots\`, without the constants that its optimizer does not read.
Names, comments and the order of keys do not count. \`snapshots\` of a finished run serve when they
hold all that the config asks for. Layers can be added to a finished run that kept all parameters
(\`snapshots.network: true\`, with those of every epoch still there): \`run\`, a worker or Slurm jobs
with the longer \`snapshots.layers\` or \`network.analyzedLayers\` write them into the snapshots and
extend \`spectra.csv\`, and train nothing. Elsewhere the command says what was kept.`;
