import type { CommandModule } from 'yargs';
import { loadEngine } from '../engine/loadEngine.ts';
import { UserError } from '../files/userError.ts';
import type { FromMeasuringChild, ToMeasuringChild } from '../sweep/childMessages.ts';
import { engineOptions } from '../sweep/engineOptions.ts';
import { prepareMeasurement, type SpeedMeasurement } from '../sweep/measureSpeed.ts';

/** `measure-one`: times a few steps beside its sister processes. For the choice of jobs. */
export const measureOneCommand: CommandModule = {
  handler: () => {
    if (process.send === undefined) {
      throw new UserError(
        'measure-one must be started by phasewatch itself',
        'Use phasewatch run --jobs auto.',
      );
    }
    let measurement: SpeedMeasurement | null = null;
    const tell = (message: FromMeasuringChild): void => {
      process.send!(message);
    };
    process.on('disconnect', () => process.exit(0));
    process.on('message', (message: ToMeasuringChild) => {
      if (message.type === 'measure') {
        const { config, threads, device } = message;
        measurement = prepareMeasurement(loadEngine(engineOptions({ threads, device })).binding, config);
        tell({ type: 'ready' });
      } else {
        tell({ type: 'measured', imagesPerSecond: measurement!.measure().imagesPerSecond });
      }
    });
  },
};
