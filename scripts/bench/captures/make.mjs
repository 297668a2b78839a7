/** The folder of a capture of definitions.mjs, a tenth as large when `quick`. */
import { folderOf } from '../inputs.mjs';
import { CAPTURES } from './definitions.mjs';

export function captureFolder(name, quick = false) {
  const { version, make } = CAPTURES[name];
  return folderOf(quick ? `${name}-quick` : name, version, (folder) => make(folder, quick ? 0.1 : 1));
}
