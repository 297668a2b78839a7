/**
 * Captures with the package cap what passes a device of the namespace it runs in, and writes it to standard output as a pcap:
 * `node cap-child.cjs DEVICE SNAPLEN KIB UID:GID|- [FILTER]`. Once the device is open it is that user's. cap tells no times: a packet has the time at which it came here.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pcapWriter } from '../capture/pcap-writer.ts';

interface Cap {
  open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
  on(event: 'packet', listener: (bytes: number, truncated: boolean) => void): void;
}

/** libpcap's DLT by cap's name, as LINKTYPE. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  NULL: 0,
  ETHERNET: 1,
  IEEE802_11_RADIO: 127,
  LINKTYPE_LINUX_SLL: 113,
};
/** What pcap_open_live() of cap takes at most. */
const MOST = 65_535;

const [device = '', snaplen = '', buffer = '', user = '-', filter = ''] = process.argv.slice(2);
capture(Number(snaplen), Number(buffer));

function capture(most: number, kibibytes: number): void {
  const { Cap } = createRequire(import.meta.url)('cap') as { Cap: new () => Cap };
  const cap = new Cap();
  const packet = Buffer.alloc(MOST);
  let linkType: number | undefined;
  try {
    linkType = LINK_TYPES[cap.open(device, filter, kibibytes * 1024, packet)];
  } catch (error) {
    fail(`${device}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (linkType === undefined)
    fail(`${device}: packets of a link type that cap doesn't name; tcpdump reads them`);
  become(user);
  const add = pcapWriter(put, { linkType: linkType as number, nanoseconds: true, snaplen: most });
  process.stderr.write(`cap: listening on ${device}\n`);
  const base = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  cap.on('packet', (length) => {
    const time = base + process.hrtime.bigint();
    add({
      seconds: Number(time / 1_000_000_000n),
      nanoseconds: Number(time % 1_000_000_000n),
      bytes: packet.subarray(0, Math.min(length, most)),
      length,
    });
  });
}

/** `UID:GID`; `-`: who it is. */
function become(wanted: string): void {
  if (wanted === '-') return;
  const [uid = 0, gid = 0] = wanted.split(':').map(Number);
  try {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    fail(`can’t become user ${uid}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** At once, and waiting where the reader is slow: packets wait in the kernel's buffer, which is bounded. */
function put(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      else process.exit(code === 'EPIPE' ? 0 : 1);
    }
  }
}

function fail(text: string): never {
  process.stderr.write(`cap: ${text}\n`);
  process.exit(1);
}
