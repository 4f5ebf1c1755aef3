/** How names of runs say what this program has a key for. */
const KNOWN = {
  batchSize: /(?:^|[^a-z])(?:b=|(?:bs|batch(?:[-_]?size)?)[-_=]?)(\d+)(?=$|[^\d.])/i,
  seed: /(?:^|[^a-z])(?:s=|seed[-_=]?)(\d+)(?=$|[^\d.])/i,
  learningRate: /(?:^|[^a-z])(?:lr|learning[-_]?rate)[-_=]?(\d*\.?\d+(?:e[-+]?\d+)?)/i,
};
/** Any other key, with its value up to the next separator. */
const PAIR = /(?:^|[_,; ])([A-Za-z][\w.]*?)=([^_,; ]+)/g;
const KNOWN_KEY = /^(b|bs|batch[-_]?size|batch|s|seed|lr|learning[-_]?rate)$/i;
const NUMBER = /^-?\d*\.?\d+(e[-+]?\d+)?$/i;

/** Returns the settings that the name of a run says, `b16_seed3_lr=0.1_width=64`: keys as those of a config, numbers as such. */
export function settingsOfName(run: string): Record<string, string | number> {
  const settings: Record<string, string | number> = {};
  for (const [key, pattern] of Object.entries(KNOWN)) {
    const value = pattern.exec(run)?.[1];
    if (value !== undefined) settings[key] = Number(value);
  }
  for (const [, key, value] of run.matchAll(PAIR)) {
    if (!KNOWN_KEY.test(key!)) settings[key!] = NUMBER.test(value!) ? Number(value) : value!;
  }
  return settings;
}
