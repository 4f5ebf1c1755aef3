import { analyzeWeights } from '../analyze/analyzeWeights.ts';
import type { AnalysisConfig } from '../config/schema.ts';
import { loadEngine } from '../engine/loadEngine.ts';
import { nativeLinearAlgebra } from '../engine/nativeLinearAlgebra.ts';
import { openWeights } from '../weights/openWeights.ts';
import { serveMeasurements } from './measurement.ts';

// A process of its own: node spectraChild.js FILE ANALYSIS (JSON). Its units are analyses of all layers of the file.
const [path, analysis] = [process.argv[2]!, JSON.parse(process.argv[3]!) as AnalysisConfig];
const { binding, info } = loadEngine();
const algebra = nativeLinearAlgebra(binding);
await serveMeasurements({ name: 'phasewatch', versions: `phasewatch, TensorFlow ${info.tensorflow}` }, () => {
  const file = openWeights(path);
  analyzeWeights(file, analysis, algebra, { conv: 'slices' });
  file.close();
  return 1;
});
