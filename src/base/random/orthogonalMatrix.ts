import type { RandomStream } from './stream.ts';

/**
 * Returns a random matrix (row-major, float64) whose columns, or rows where there are fewer of them, are orthonormal, uniform among such
 * matrices (Haar): those of a normal matrix, orthogonalized one after the other (Gram-Schmidt, each twice, which leaves 1e-15).
 */
export function orthogonalMatrix(rows: number, columns: number, stream: RandomStream): Float64Array {
  const [length, count] = rows >= columns ? [rows, columns] : [columns, rows];
  const vectors: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const vector = Float64Array.from({ length }, () => stream.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const known of vectors) {
        const along = dot(vector, known);
        for (let i = 0; i < length; i++) vector[i]! -= along * known[i]!;
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  const matrix = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      matrix[i * columns + j] = rows >= columns ? vectors[j]![i]! : vectors[i]![j]!;
    }
  }
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
