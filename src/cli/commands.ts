import type { CommandModule } from 'yargs';

/** A command as the list of commands shows it; its module is loaded only when it is called. */
export interface Command {
  /** Name and positional arguments, as yargs writes them. */
  usage: string;
  summary: string;
  // biome-ignore lint/suspicious/noExplicitAny: each module knows the type of its own arguments
  load(): Promise<CommandModule<any, any>>;
  /** Left out of the list: for the program's own use. */
  hidden?: boolean;
}

/** Every command by name, in the order of `--help`. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    usage: 'run <config>',
    summary: 'train every run of a config, analyze, name the phases, report',
    load: async () => (await import('./run.ts')).runCommand,
  },
  train: {
    usage: 'train <config>',
    summary: 'the training half of run',
    load: async () => (await import('./train.ts')).trainCommand,
  },
  analyze: {
    usage: 'analyze <path..>',
    summary: 'spectra and phases of weights files or of a results folder',
    load: async () => (await import('./analyze.ts')).analyzeCommand,
  },
  diff: {
    usage: 'diff <a> <b>',
    summary: 'what changed between two models: spectrum, norms and directions of each layer',
    load: async () => (await import('./diff.ts')).diffCommand,
  },
  figures: {
    usage: 'figures <dir>',
    summary: 'the figures of a results folder as SVG and PNG',
    load: async () => (await import('./figures.ts')).figuresCommand,
  },
  report: {
    usage: 'report <dir>',
    summary: 'one self-contained HTML page on a results folder',
    load: async () => (await import('./report.ts')).reportCommand,
  },
  compare: {
    usage: 'compare <dirs..>',
    summary: 'generalization gap and test error against alpha and the other metrics',
    load: async () => (await import('./compare.ts')).compareCommand,
  },
  reproduce: {
    usage: 'reproduce [experiment]',
    summary: "the paper's experiments: train what is missing, its numbers beside the authors'",
    load: async () => (await import('./reproduce.ts')).reproduceCommand,
  },
  export: {
    usage: 'export <path..>',
    summary: 'weights as .npy, or as a model for WeightWatcher',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  status: {
    usage: 'status <dir>',
    summary: 'how far the runs of a results folder are',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  watch: {
    usage: 'watch <dir>',
    summary: 'a page in a browser that moves with the training, here or elsewhere',
    load: async () => (await import('./watch.ts')).watchCommand,
  },
  cancel: {
    usage: 'cancel <dir>',
    summary: 'end the Slurm jobs of a results folder',
    load: async () => (await import('./cancel.ts')).cancelCommand,
  },
  work: {
    usage: 'work <dir>',
    summary: 'train runs of a sweep that no other worker holds, until none is left',
    load: async () => (await import('./work.ts')).workCommand,
  },
  verify: {
    usage: 'verify <dir>',
    summary: 'compare everything in a results folder with its checksums',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  data: {
    usage: 'data',
    summary: 'fetch, import, verify and list data sets',
    load: async () => (await import('./data.ts')).dataCommand,
  },
  engine: {
    usage: 'engine',
    summary: 'install the native TensorFlow engine, or tell what is installed',
    load: async () => (await import('./engine.ts')).engineCommand,
  },
  doctor: {
    usage: 'doctor',
    summary: 'tell what this machine has, what is missing, and what mends it',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  'train-one': {
    usage: 'train-one',
    summary: 'train the run that the parent process sends',
    load: async () => (await import('./trainOne.ts')).trainOneCommand,
    hidden: true,
  },
  'analyze-live': {
    usage: 'analyze-live <dir>',
    summary: 'analyze the snapshots that the parent process tells of',
    load: async () => (await import('./analyzeLive.ts')).analyzeLiveCommand,
    hidden: true,
  },
  'prove-one': {
    usage: 'prove-one',
    summary: 'do a task of doctor --gpu-proof',
    load: async () => (await import('./proveOne.ts')).proveOneCommand,
    hidden: true,
  },
  'analyze-checkpoints-live': {
    usage: 'analyze-checkpoints-live <checkpoints> <out>',
    summary: 'analyze the checkpoints of a training elsewhere as they come',
    load: async () => (await import('./analyzeCheckpointsLive.ts')).analyzeCheckpointsLiveCommand,
    hidden: true,
  },
  'slurm-task': {
    usage: 'slurm-task <dir> <action> [task]',
    summary: 'what a Slurm job calls',
    load: async () => (await import('./slurmTask.ts')).slurmTaskCommand,
    hidden: true,
  },
};
