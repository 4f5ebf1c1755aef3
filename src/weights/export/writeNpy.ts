import { writeFileAtomic } from '../../base/files/atomicWrite.ts';

/** The header ends at a multiple of this, so that the values can be mapped into memory. */
const ALIGNMENT = 64;
const FIXED_BYTES = 10;

/** Writes values in row-major order to a .npy file (version 1.0), whole or not at all. */
export function writeNpy(path: string, shape: readonly number[], values: Float32Array | Float64Array): void {
  const descr = values instanceof Float32Array ? '<f4' : '<f8';
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const total = Math.ceil((FIXED_BYTES + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(total, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(total - FIXED_BYTES, 8);
  header.write(dict, FIXED_BYTES, 'latin1');
  header.write('\n', total - 1);
  writeFileAtomic(path, [header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}
