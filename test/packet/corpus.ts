/** The captures that lie beside the checkout, and what is known of them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../src/capture/frame.ts';
import { openFile } from '../../src/capture/open.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import type { CaptureSummary } from '../../src/capture/summary.ts';
import { type Row, readTable } from './tshark.ts';

const CORPUS = '../shared/corpus';
export const hasCorpus = existsSync(join(CORPUS, 'captures.tsv'));

export function corpusFiles(): Row[] {
  return hasCorpus ? readTable(join(CORPUS, 'captures.tsv')) : [];
}

export function corpusPath(file: string): string {
  return join(CORPUS, 'captures', file);
}

/** Without `onFrame`, counted only. */
export async function scanFile(path: string, onFrame?: (frame: Frame) => void): Promise<CaptureSummary> {
  const source = openFile(path);
  if (!('read' in source)) throw new Error(source.text);
  return scanCapture(source, onFrame, { path });
}

/** tshark's rows for the packets of a file; it numbers custom blocks as frames too, which have no encapsulation. */
export function packetRows(file: Row): Row[] {
  const table = file.fields_file ? readTable(corpusPath(file.fields_file)) : [];
  return table.filter((row) => row['frame.encap_type'] !== '');
}
