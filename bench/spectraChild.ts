import { analyzeWeights } from '../src/analyze/analyzeWeights.ts';
import { packageVersion } from '../src/base/files/packageVersion.ts';
import type { AnalysisConfig } from '../src/experiment/config/schema.ts';
import { availableLinearAlgebra } from '../src/train/engine/availableLinearAlgebra.ts';
import { openWeights } from '../src/weights/openWeights.ts';
import { serveMeasurements } from './measurement.ts';

// A process of its own: node spectraChild.js FILE ANALYSIS (JSON). Its units are analyses of all layers of the file.
const [path, analysis] = [process.argv[2]!, JSON.parse(process.argv[3]!) as AnalysisConfig];
const algebra = availableLinearAlgebra();
await serveMeasurements(
  { name: 'phasewatch', versions: `phasewatch ${packageVersion()}, ${algebra.name} linear algebra` },
  () => {
    const file = openWeights(path);
    analyzeWeights(file, analysis, algebra, { conv: 'slices' });
    file.close();
    return 1;
  },
);
