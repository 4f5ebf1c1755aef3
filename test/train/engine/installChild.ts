// Installs the engine in a process of its own, as the tests of killing and of two at once need it. Prints its messages, then the result.
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';

const wheel = JSON.parse(process.argv[2]!);
const { installed } = await installEngine({
  wheel,
  variant: 'cpu',
  onMessage: (message) => console.log(message),
});
console.log(JSON.stringify({ installed }));
