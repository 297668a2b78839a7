/** gzip (RFC 1952, also several members one after the other) and Zstandard (RFC 8878), unpacked while they are read. */

import type { Transform } from 'node:stream';
import type { Issue } from '../base/issue.ts';
import { formatBytes, type InputLimits, limitIssue } from '../base/limits.ts';
import { type ByteSource, peek } from './source.ts';

export type Packing = 'gzip' | 'zstd';
export type UnpackLimits = Pick<InputLimits, 'unpackRatio'>;

/** Input goes in small pieces: what a damaged piece would still have given is lost with it. */
const PIECE = 1 << 14;
const CHUNK = 1 << 18;
/** Bytes that anything may unpack to. */
const FREE = 64 * 2 ** 20;

export function packingOf(head: Uint8Array): Packing | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return undefined;
}

/** The bytes as they are when they are not packed; of a packed source, its content. */
export async function unpacked(source: ByteSource, limits: UnpackLimits): Promise<ByteSource> {
  const { head, source: whole } = await peek(source, 4);
  const packing = packingOf(head);
  return packing ? inflate(whole, packing, limits) : whole;
}

/** Node's streams and zlib are loaded for what is packed. */
async function decoder(packing: Packing): Promise<Transform | undefined> {
  const { default: zlib } = await import('node:zlib');
  if (packing === 'gzip') return zlib.createGunzip({ chunkSize: CHUNK });
  // Node 22.15 and 23.8 have it; older ones don't, and the types of Node 20 don't know it.
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  return typeof create === 'function' ? (create({ chunkSize: CHUNK }) as Transform) : undefined;
}

async function inflate(source: ByteSource, packing: Packing, limits: UnpackLimits): Promise<ByteSource> {
  const made = await decoder(packing);
  if (!made) {
    source.close();
    return ended({
      severity: 'error',
      code: 'zstd-unsupported',
      text: `the file is packed with zstd, which Node ${process.versions.node} can't read (22.15 and later can): unpack it with zstd -d`,
    });
  }
  const stream = made;
  const ready: Uint8Array[] = [];
  let issue: Issue | undefined;
  let over = false;
  let wake: () => void = () => {};
  const amount = { packed: 0, unpacked: 0 };
  stream.on('data', (chunk: Uint8Array) => {
    ready.push(chunk);
    // One chunk at a time: what is not asked for is not unpacked, however much it would be.
    stream.pause();
    wake();
  });
  stream.on('end', () => {
    over = true;
    wake();
  });
  stream.on('error', (error) => {
    issue = packedIssue(packing, error);
    over = true;
    wake();
  });
  stream.pause();
  void feed(source, stream, amount, () => over);
  return {
    get issue() {
      return issue ?? source.issue;
    },
    async read() {
      while (ready.length === 0 && !over) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        stream.resume();
        await woken;
      }
      const chunk = ready.shift();
      amount.unpacked += chunk?.length ?? 0;
      if (amount.unpacked <= FREE || amount.unpacked <= amount.packed * limits.unpackRatio) return chunk;
      over = true;
      stream.destroy();
      const found = `${formatBytes(amount.packed)} of ${packing} data unpack to more than ${formatBytes(amount.unpacked - CHUNK)}`;
      const skipped = 'what was unpacked before is used';
      issue = limitIssue('unpackRatio', limits, found, skipped, { severity: 'error' });
      return undefined;
    },
    close() {
      over = true;
      stream.destroy();
      source.close();
      wake();
    },
  };
}

/** Each piece is written by itself and finished before the next, so that an error costs no output of earlier pieces. */
async function feed(
  source: ByteSource,
  stream: Transform,
  amount: { packed: number },
  over: () => boolean,
): Promise<void> {
  for (;;) {
    const block = await source.read();
    if (over()) return;
    if (!block) {
      stream.end();
      return;
    }
    for (let at = 0; at < block.length && !over(); at += PIECE) {
      const piece = block.subarray(at, at + PIECE);
      amount.packed += piece.length;
      await new Promise<void>((resolve) => {
        stream.once('close', resolve);
        stream.write(piece, () => {
          stream.off('close', resolve);
          resolve();
        });
      });
    }
  }
}

function packedIssue(packing: Packing, error: Error): Issue {
  const short = 'code' in error && error.code === 'Z_BUF_ERROR';
  return short
    ? {
        severity: 'warning',
        code: `${packing}-truncated`,
        text: `the ${packing} data ends in the middle; what came before was read`,
      }
    : {
        severity: 'error',
        code: `${packing}-damaged`,
        text: `the ${packing} data is damaged (${error.message}); what came before was read`,
      };
}

function ended(issue: Issue): ByteSource {
  return { issue, read: () => undefined, close: () => {} };
}
