import { analyzeWeights } from '../analyze/analyzeWeights.ts';
import type { AnalysisConfig } from '../config/schema.ts';
import { availableLinearAlgebra } from '../engine/availableLinearAlgebra.ts';
import { packageVersion } from '../files/packageVersion.ts';
import { openWeights } from '../weights/openWeights.ts';
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
