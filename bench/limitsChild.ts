import { loadEngine } from '../src/train/engine/loadEngine.ts';
import { matrixProduct, vectorUpdate } from './machineLimits.ts';
import { serveMeasurements } from './measurement.ts';

// A process of its own: node limitsChild.js product|update. Its units are floating-point operations or bytes.
const { binding } = loadEngine();
const work = process.argv[2] === 'product' ? matrixProduct(binding) : vectorUpdate(binding);
work();
await serveMeasurements({}, work);
