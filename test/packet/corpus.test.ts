import { describe, expect, it } from 'vitest';
import { dissect } from '../../src/packet/dissect.ts';
import { formatTime } from '../../src/packet/format-time.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { corpusFiles, corpusPath, hasCorpus, packetRows, scanFile } from './corpus.ts';
import { columns, flatten, type Row } from './tshark.ts';

/** Protocols that carry packets which tshark shows and we don't open. */
const UNOPENED = [
  'arcnet',
  'avsp',
  'ayiya',
  'cfp',
  'cmd',
  'ipcomp',
  'lisp-data',
  'nhrp',
  'pim',
  'sflow',
  'wccp',
];

interface Difference {
  readonly column: string;
  readonly ours: string;
  readonly theirs: string;
  readonly packet: Packet;
  readonly row: Row;
}

/** Where the two differ on purpose, and why. Every rule must be needed by some packet. */
const RULES: Record<string, (difference: Difference) => boolean> = {
  'tshark 4.0 gives the fragment offset in units of eight bytes': ({ column, ours, theirs }) =>
    column === 'ip.frag_offset' && Number(theirs) * 8 === Number(ours),
  'a tunnel or shim that is not opened': ({ ours, theirs, row }) =>
    (ours === '' || (row['frame.protocols'] ?? '').includes('eth:cfp:eth')) &&
    theirs !== '' &&
    UNOPENED.some((name) => (row['frame.protocols'] ?? '').split(':').includes(name)),
  'WCCP redirects in GRE type 0x883e': ({ ours, packet, row }) =>
    ours === '' && packet.ip?.protocol === 47 && (row['frame.protocols'] ?? '').includes(':gre:ip:'),
  'of an IP or ARP header that was cut short tshark shows what is there': ({ column, ours, packet }) =>
    /^(ip|ipv6|arp)\./.test(column) &&
    ours === '' &&
    flatten(packet).some((one) => one.error || one.captured < one.length),
  'tshark stops at a header that says something wrong, we note it and go on': ({ theirs, packet }) =>
    theirs === '' && flatten(packet).some((one) => one.error),
  'tshark takes the segment length from what arrived, we from the IP length': ({ column, packet }) =>
    column === 'tcp.len' && flatten(packet).some((one) => one.error ?? one.ip?.moreFragments),
  'tshark works out no segment length for a quoted packet': ({ column, theirs, packet }) =>
    column === 'tcp.len' && theirs === '' && packet.icmp?.quoted !== undefined,
  'after an earlier segment tshark leaves the quoted sequence number out': ({ column, theirs, packet }) =>
    column === 'tcp.seq_raw' && theirs === '' && packet.icmp?.quoted !== undefined,
  'tshark names the tag of 802.1ad another field': ({ column, row }) =>
    column === 'vlan.id' && (row['frame.protocols'] ?? '').includes('ieee8021ad'),
  'tshark gives the last hop of a source route as the destination': ({ column, packet }) =>
    column === 'ip.dst' && packet.ip?.family === 4 && packet.ip.transport - packet.ip.offset > 20,
  'IPv6 payload length 0 (BIG TCP, jumbo) is the length of what is there': ({ column, theirs, packet }) =>
    (column === 'ipv6.plen' && theirs === '0') ||
    (theirs === '' && packet.ip?.family === 6 && packet.ip.length > 0xffff),
};

describe.runIf(hasCorpus)('the corpus, held against tshark', () => {
  it('shows the same fields of every packet', async () => {
    const wrong: string[] = [];
    const used = new Set<string>();
    let compared = 0;
    for (const file of corpusFiles()) {
      const path = corpusPath(file.file ?? '');
      const rows = packetRows(file);
      let at = 0;
      await scanFile(path, (frame) => {
        const row = rows[at++];
        if (!row) return;
        compared++;
        const packet = dissect(frame);
        for (const [column, ours] of Object.entries(columns(packet))) {
          // Only the nine flags; tshark's field holds the three reserved bits too.
          const said = row[column] ?? '';
          const theirs =
            column === 'tcp.flags' && said !== ''
              ? `0x${(Number(said) & 0x1ff).toString(16).padStart(4, '0')}`
              : said;
          if (ours === theirs) continue;
          const difference = { column, ours, theirs, packet, row };
          const rule = Object.keys(RULES).find((name) => RULES[name]?.(difference));
          if (rule) used.add(rule);
          else
            wrong.push(
              `${file.file} #${frame.number} ${column}: ${ours} for ${theirs} ${row['frame.protocols']}`,
            );
        }
      });
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(90_000);
    expect(Object.keys(RULES).filter((name) => !used.has(name))).toEqual([]);
  }, 60_000);

  it('makes a clean line of every packet', async () => {
    let lines = 0;
    for (const file of corpusFiles()) {
      await scanFile(corpusPath(file.file ?? ''), (frame) => {
        const line = packetLine(dissect(frame), 'x');
        lines++;
        if (/\p{Cc}/u.test(line.summary) || line.summary === '') {
          throw new Error(`${file.file} #${frame.number}: ${JSON.stringify(line.summary)}`);
        }
        if (line.time !== formatTime(frame.seconds, frame.nanoseconds)) throw new Error(line.time);
      });
    }
    expect(lines).toBeGreaterThan(90_000);
  }, 60_000);
});
