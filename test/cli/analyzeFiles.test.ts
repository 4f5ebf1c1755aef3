import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import { phasewatch } from './phasewatchProcess.ts';

const folder = mkdtempSync(join(tmpdir(), 'analyze-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const world = (name: string): string => new URL(`../fixtures/world/${name}`, import.meta.url).pathname;
const lines = (text: string): string[] => text.trimEnd().split('\n');
/** The lines of the first table: the layers. */
const table = (text: string): string[] => lines(text.split('\n\n')[0]!);

describe('analyze', () => {
  it('reads the good files beside a bad one, says which file a row is of, and ends with 1', async () => {
    const lfs = join(folder, 'lfs.safetensors');
    writeFileSync(lfs, `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n`);
    const csv = join(folder, 'rows.csv');
    const { code, stdout, stderr } = await phasewatch([
      'analyze',
      world('namespace.pth'),
      lfs,
      world('python2.pth'),
      '--csv',
      csv,
    ]);
    expect(code).toBe(1);
    expect(table(stdout)).toHaveLength(4);
    expect(table(stdout)[0]).toMatch(/^file +layer /);
    expect(stdout).toMatch(/namespace\.pth +state_dict\.0\.weight/);
    expect(stderr).toMatch(/lfs\.safetensors must be .*got a Git LFS pointer/);
    expect(stderr).toMatch(
      /^4? ?\d+ tensors are no layers: 1 dimensions, no matrix \(3\) \(--verbose lists them\)$/m,
    );
    const [header, first] = lines(readFileSync(csv, 'utf8'));
    expect(header).toMatch(/^file,run,epoch,layer,/);
    expect(first).toContain(world('namespace.pth'));
  }, 60_000);

  it('writes a page on the weights, and their pictures', async () => {
    const report = join(folder, 'pictures', 'model.html');
    const figures = join(folder, 'pictures', 'figures');
    const files = [world('namespace.pth'), world('python2.pth')];
    const { code, stderr } = await phasewatch([
      'analyze',
      ...files,
      '--report',
      report,
      '--figures',
      figures,
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain(`page: ${report}`);
    const { document } = parseHTML(readFileSync(report, 'utf8'));
    expect([...document.querySelectorAll('#models h3')].map((head) => head.textContent)).toEqual([
      'namespace.pth',
      'python2.pth',
    ]);
    expect(document.querySelectorAll('#run-table tbody tr')).toHaveLength(3);
    const written = readdirSync(figures);
    expect(written).toEqual(expect.arrayContaining(['esd-state_dict.0.weight-namespace.pth.svg']));
    expect(written.filter((name) => name.endsWith('.svg')).length).toBeGreaterThan(2);
    const onFolder = await phasewatch(['analyze', 'results/batch-sweep', '--report', report]);
    expect(onFolder.code).toBe(2);
    expect(onFolder.stderr).toContain('--report must be given with weights files, got the results folder');
  }, 60_000);

  it.each([
    [
      'no_matrices.pth',
      /no_matrices\.pth must hold layers to analyze, got none in PyTorch: 1 dimensions, no matrix \(1\)/,
    ],
    ['if_inner.onnx', /got none in ONNX: lies in a branch of an If, Loop or Scan node/],
  ])(
    'says why nothing was found in %s',
    async (name, message) => {
      const { code, stdout, stderr } = await phasewatch(['analyze', world(name)]);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(message);
    },
    60_000,
  );

  it('says that layers are there which the options do not ask for', async () => {
    const { code, stderr } = await phasewatch(['analyze', world('plain.pth'), '--min-evals', '1000']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/got none in PyTorch: 2 layers are there, of other types or sizes than --type/);
    const negative = await phasewatch(['analyze', world('plain.pth'), '--min-evals', '-1']);
    expect(negative.code).toBe(2);
    expect(negative.stderr).toMatch(/--min-evals must be a whole number of at least 0, got -1/);
  }, 60_000);

  it('exports no file without a layer in silence', async () => {
    const to = join(folder, 'none');
    const { code, stderr } = await phasewatch(['export', world('no_matrices.pth'), '--to', to]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/must hold layers to export, got none\nb: 1 dimensions, no matrix/);
  }, 60_000);

  it.each([
    ['a web page', 'page.safetensors', '<!doctype html><html></html>', /got a web page/],
    ['an empty file', 'empty.pt', '', /got an empty file/],
    [
      'TensorFlow Lite',
      'model.tflite',
      `\x1c\0\0\0TFL3${'\0'.repeat(99)}`,
      /got a TensorFlow Lite model.*\nConvert it: /s,
    ],
  ])(
    'names %s for what it is',
    async (_, name, content, message) => {
      const path = join(folder, name);
      writeFileSync(path, content, 'latin1');
      const { code, stderr } = await phasewatch(['analyze', path]);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    },
    60_000,
  );

  it('makes a results folder of checkpoints, with 1 beside a bad one, and no empty one', async () => {
    const mine = join(folder, 'mine');
    mkdirSync(mine);
    copyFileSync(world('plain.pth'), join(mine, 'net_1.pth'));
    copyFileSync(world('plain.pth'), join(mine, 'net_2.pth'));
    writeFileSync(join(mine, 'net_3.pth'), 'half');
    copyFileSync(world('plain.pth'), join(mine, 'last.pth'));
    const out = join(mine, 'spectra');
    const { code, stdout, stderr } = await phasewatch(['analyze', mine, '--out', out]);
    expect([code, table(stdout).length]).toEqual([1, 1 + 2 * 2]);
    expect(table(stdout)[1]).toMatch(/^mine +1 /);
    expect(stderr).toMatch(/net_3\.pth must be a weights file/);
    expect(stderr).toMatch(/passed over .*last\.pth: its name says no epoch/);
    const again = await phasewatch(['analyze', mine, '--out', out, '--epoch-from', 'checkpoint{epoch}']);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/must hold checkpoints whose names say their epoch, got none among 4/);
  }, 60_000);

  it('takes the epoch from the names of checkpoints, in natural order', async () => {
    const run = join(folder, 'run');
    for (const step of [500, 1000]) {
      mkdirSync(join(run, `checkpoint-${step}`), { recursive: true });
      copyFileSync(
        world('lora/adapter_model.safetensors'),
        join(run, `checkpoint-${step}`, 'model.safetensors'),
      );
      copyFileSync(world('gan.pth'), join(run, `checkpoint-${step}`, 'optimizer.pt'));
    }
    const { code, stdout } = await phasewatch(['analyze', run, '--json', '--quiet']);
    expect(code).toBe(0);
    const { layers } = JSON.parse(stdout) as { layers: { file: string; epoch: number }[] };
    expect(layers.map(({ epoch }) => epoch)).toEqual([500, 500, 500, 1000, 1000, 1000]);
  }, 60_000);

  it('tells of a copy of a model that it passed over it', async () => {
    const { code, stdout, stderr } = await phasewatch(['analyze', world('sharded')]);
    expect(code).toBe(0);
    expect(table(stdout)).toHaveLength(4);
    expect(stderr).toMatch(/passed over .*pytorch_model\.bin: it holds the same weights as .*index\.json/);
  }, 60_000);

  it('names the layer that a wrong name is nearest to', async () => {
    const wrong = await phasewatch([
      'analyze',
      world('kinds.pth'),
      '--layers',
      'emb.wieght',
      '--layers',
      'lstm.*',
    ]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/unknown layer: emb\.wieght in .*\(did you mean emb\.weight\?\)/);
  }, 60_000);

  it('lists what is no layer with --verbose', async () => {
    const { stderr } = await phasewatch(['analyze', world('kinds.pth'), '--verbose']);
    expect(stderr).toMatch(/^skipped causal_mask of .*: mask$/m);
    expect(stderr).toMatch(/^skipped mid\.weight of .*: depthwise kernel: no matrix joins its channels$/m);
  }, 60_000);
});
