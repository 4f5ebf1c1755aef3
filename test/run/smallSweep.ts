/** Two runs of a network that trains in a moment; whole for a config file, to which further keys can be added. */
export const SMALL_SWEEP = `network:
  layers:
    - { type: maxPool, size: 4 }
    - { type: flatten }
    - { type: dense, name: fc1, units: 12 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 100
testImages: 50
batchSize: 32
epochs: 2
sweep: { learningRate: [0.01, 0.02] }
`;
