export { UserError } from './base/userError.ts';
export type { Engine, EngineInfo, NativeBinding } from './train/engine/engineTypes.ts';
export { ensureEngine } from './train/engine/install/ensureEngine.ts';
export { type LoadOptions, loadEngine } from './train/engine/loadEngine.ts';
export { locateEngine } from './train/engine/locateEngine.ts';
export {
  type Attribute,
  type DataTypeName,
  GraphBuilder,
  type Output,
  outputAt,
} from './train/graph/graphBuilder.ts';
export { type Feed, GraphSession } from './train/graph/graphSession.ts';
