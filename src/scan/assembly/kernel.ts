/**
 * The hot loops of both readings, in AssemblyScript: what is done with every packet of a capture. `../kernel.ts` is the other side:
 * it fills the places that are named here, calls these functions, and reads what they leave. Rows are those of `../row.ts`, records
 * those of `../records.ts`, slots those of `../record-index.ts`; numbers of words are written out as bytes.
 *
 * Memory that is touched for the first time costs more than anything else here, so that what grows lies last, and where `place` says.
 */

export { decode } from './decode';
export { setSeed } from './hash';
export { getMacs, numberOfMacs } from './macs';
export { pass } from './pass';
export { sift } from './sift';
export { setSince } from './sign';
export { getOneByOne, getSums, sumUp } from './sums';
export { enter, enterMissing, getRecords, index, lookUp, place, setRecords } from './table';
export { tally } from './tally';
export { getChanged, update } from './update';
export { walk } from './walk';
