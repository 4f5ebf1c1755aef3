// Writes test/fixtures/weights/tfjs: a model as TensorFlow.js saves it, its weights in two shards. Run it in a folder where
// `npm install @tensorflow/tfjs` was called:
//
//     node <project>/scripts/makeTfjsFixture.mjs <project>/test/fixtures/weights/tfjs
//
// The values are those of scripts/makeWeightFixtures.py: pattern(shape, number of the array).
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const tf = createRequire(join(process.cwd(), 'here.js'))('@tensorflow/tfjs');
const out = process.argv[2];

function pattern(shape, seed) {
  const length = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(
    Float32Array.from({ length }, (_, i) => (((i * 37 + seed * 11) % 101) - 50) / 64),
    shape,
  );
}

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [6, 6, 3], filters: 4, kernelSize: 2, name: 'conv' }),
    tf.layers.flatten({ name: 'flat' }),
    tf.layers.dense({ units: 5, name: 'fc1' }),
  ],
});
for (const layer of model.layers) {
  layer.setWeights(layer.getWeights().map((weight, i) => pattern(weight.shape, i)));
}
await model.save(
  tf.io.withSaveHandler(async (artifacts) => {
    const data = Buffer.from(artifacts.weightData);
    // In the middle of a weight: a reader must join the shards.
    const cut = 333;
    const manifest = [
      { paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'], weights: artifacts.weightSpecs },
    ];
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'group1-shard1of2.bin'), data.subarray(0, cut));
    writeFileSync(join(out, 'group1-shard2of2.bin'), data.subarray(cut));
    const { modelTopology, format, generatedBy, convertedBy } = artifacts;
    writeFileSync(
      join(out, 'model.json'),
      JSON.stringify({ format, generatedBy, convertedBy, modelTopology, weightsManifest: manifest }),
    );
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  }),
);
