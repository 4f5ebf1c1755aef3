import { ProtoMessage } from '../../base/protobuf/message.ts';
import { tfRecord } from './tfRecord.ts';

/** When an event happened: seconds since 1970, and the epoch it belongs to. */
export interface EventTime {
  wallTime: number;
  step: number;
}

/** A value of a config. */
export type Setting = number | string | boolean | null;

const HISTOGRAM_BINS = 50;

/** Returns the record every event file begins with. */
export function versionRecord(wallTime: number): Uint8Array {
  return tfRecord(new ProtoMessage().double(1, wallTime).string(3, 'brain.Event:2').finish());
}

/** Returns a record of named numbers; those that are null are left out. */
export function scalarsRecord(time: EventTime, scalars: Readonly<Record<string, number | null>>): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    value === null ? [] : [new ProtoMessage().string(1, tag).float(2, value)],
  );
  return summaryRecord(time, values);
}

/** Returns a record of the histogram of finite values, in bins of one width from the least to the greatest. */
export function histogramRecord(time: EventTime, tag: string, values: Float64Array): Uint8Array {
  const min = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const width = (max - min) / HISTOGRAM_BINS;
  const limits = Float64Array.from({ length: HISTOGRAM_BINS }, (_, bin) => min + (bin + 1) * width);
  const counts = new Float64Array(HISTOGRAM_BINS);
  for (const value of values) {
    const bin = width === 0 ? 0 : Math.floor((value - min) / width);
    counts[Math.min(bin, HISTOGRAM_BINS - 1)]!++;
  }
  const histogram = new ProtoMessage()
    .double(1, min)
    .double(2, max)
    .double(3, values.length)
    .double(
      4,
      values.reduce((a, b) => a + b, 0),
    )
    .double(
      5,
      values.reduce((a, b) => a + b * b, 0),
    )
    .bytes(6, new Uint8Array(limits.buffer))
    .bytes(7, new Uint8Array(counts.buffer));
  return summaryRecord(time, [new ProtoMessage().string(1, tag).message(5, histogram)]);
}

/**
 * Returns a record of the settings of a run, for TensorBoard's hparams plugin: those that are null are left out. It begins the run's
 * session in the sense of tensorboard/plugins/hparams/plugin_data.proto; metrics are the scalars of the same folder.
 */
export function hparamsRecord(time: EventTime, settings: Readonly<Record<string, Setting>>): Uint8Array {
  const session = new ProtoMessage();
  for (const [key, value] of Object.entries(settings)) {
    if (value !== null)
      session.message(1, new ProtoMessage().string(1, key).message(2, protobufValue(value)));
  }
  session.double(5, time.wallTime);
  const content = new ProtoMessage().message(3, session);
  const plugin = new ProtoMessage().string(1, 'hparams').message(2, content);
  const value = new ProtoMessage()
    .string(1, '_hparams_/session_start_info')
    .message(8, emptyTensor())
    .message(9, new ProtoMessage().message(1, plugin));
  return summaryRecord(time, [value]);
}

/** The message google.protobuf.Value. */
function protobufValue(value: NonNullable<Setting>): ProtoMessage {
  if (typeof value === 'number') return new ProtoMessage().double(2, value);
  if (typeof value === 'string') return new ProtoMessage().string(3, value);
  return new ProtoMessage().int(4, value ? 1 : 0);
}

/** Readers of TensorBoard pass over a value without a tensor: float32 of shape [0]. */
function emptyTensor(): ProtoMessage {
  const dimension = new ProtoMessage();
  return new ProtoMessage().int(1, 1).message(2, new ProtoMessage().message(2, dimension));
}

function summaryRecord({ wallTime, step }: EventTime, values: readonly ProtoMessage[]): Uint8Array {
  const summary = values.reduce((message, value) => message.message(1, value), new ProtoMessage());
  return tfRecord(new ProtoMessage().double(1, wallTime).int(2, step).message(5, summary).finish());
}
