/** What tcpdump printed, read as the capture that it shows. */
import type { Issue } from '../base/issue.ts';
import { UNSAID } from '../capture/frame.ts';
import type { CaptureInterface } from '../capture/summary.ts';
import { type ToldFrame, type ToldHead, toldBytes } from '../capture/told.ts';
import type { Ip } from '../net/ip.ts';
import { timesOf } from './clock.ts';
import { tcpdumpFlags } from './command.ts';
import { readFrame } from './frame.ts';
import { group, type PacketText, type TextLine } from './grouping.ts';
import { PortMemory } from './memory.ts';
import type { Reading, Unread } from './reading.ts';
import { SequenceBook } from './sequence.ts';

export interface TextContext {
  /** Its command line, where that is known. */
  readonly command?: string | undefined;
  /** Epoch seconds near which it was taken, and who says so; for clock times without a date. */
  readonly near?: { readonly time: number; readonly by: string } | undefined;
  /** The address of a name, as a hosts file or Docker tells; and what was assumed by taking it. */
  readonly address?:
    | ((name: string) => { readonly address: Ip; readonly assumed?: string } | undefined)
    | undefined;
}

export interface TextCapture {
  readonly head: ToldHead;
  readonly frames: readonly ToldFrame[];
}

/** The same as the stream that `scanCapture` reads. */
export function textCaptureBytes(lines: readonly TextLine[], context: TextContext): Uint8Array {
  const { head, frames } = readTextCapture(lines, context);
  return toldBytes(head, frames);
}

export function readTextCapture(lines: readonly TextLine[], context: TextContext = {}): TextCapture {
  const flags = context.command === undefined ? undefined : tcpdumpFlags(context.command);
  const { packets, banners, strange } = group(lines);
  const linkType = banners.find((banner) => banner.linkType !== undefined)?.linkType;
  const device =
    banners.find((banner) => banner.interfaceName !== undefined)?.interfaceName ?? flags?.interfaceName;
  const assumptions = new Map<string, number>();
  let line = packets[0]?.line ?? 1;
  const reading: Reading = {
    address: (name) => {
      const named = context.address?.(name);
      if (named?.assumed !== undefined && !assumptions.has(named.assumed))
        assumptions.set(named.assumed, line);
      return named?.address;
    },
    sequences: new SequenceBook(flags?.absolute),
    memory: new PortMemory(),
    tags: new Map(),
    pieces: new Map(),
  };
  const ts = flags && flags.ts > 0 ? flags.ts : undefined;
  const { instants, assumed } = timesOf(
    packets.map(({ stamp }) => stamp),
    ts,
    context.near?.time,
  );
  const issues: Issue[] = [...strange.map(strangeLine)];
  const frames = packets.map((packet, index): ToldFrame => {
    line = packet.line;
    const { frame, unread } = readFrame(packet, linkType, reading);
    if (unread) issues.push(...unreadIssue(packet, index + 1, unread));
    const { seconds, nanoseconds } = instants[index] ?? { seconds: 0, nanoseconds: 0 };
    const unsaid = frame.unsaid | (assumed === 'order' || assumed === 'start' ? UNSAID.time : 0);
    return {
      ...frame,
      ...(frame.interfaceName === undefined && device !== undefined && { interfaceName: device }),
      unsaid,
      seconds,
      nanoseconds,
    };
  });
  for (const [text, at] of assumptions)
    issues.push({ severity: 'warning', code: 'tcpdump-name', line: at, text });
  issues.push(...timeIssue(packets, assumed, context));
  const dropped = banners.reduce((sum, banner) => sum + (banner.dropped ?? 0), 0);
  const snaplen = banners.find((banner) => banner.snaplen !== undefined)?.snaplen ?? 0;
  return { head: { interfaces: interfacesOf(frames, device, linkType, snaplen, dropped), issues }, frames };
}

function interfacesOf(
  frames: readonly ToldFrame[],
  device: string | undefined,
  linkType: number | undefined,
  snaplen: number,
  dropped: number,
): CaptureInterface[] {
  const names = new Set(frames.map(({ interfaceName }) => interfaceName));
  if (names.size === 0) names.add(device);
  const type = linkType ?? frames[0]?.linkType ?? 1;
  return [...names].map((name) => ({
    ...{ linkType: type, snaplen, section: 0, packets: 0 },
    ...(name !== undefined && { name }),
    ...(dropped > 0 && { dropped }),
  }));
}

const SHOWN = 100;

function quoted(text: string): string {
  const line = (text.split('\n')[0] ?? '').trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

function strangeLine({ number, text }: TextLine): Issue {
  return {
    ...{ severity: 'warning', code: 'tcpdump-line', line: number },
    text: `\`${quoted(text)}\` is no packet as tcpdump prints them; passed over`,
  };
}

/** Frames that carry no IP are no trouble; a packet that its words would have told is. */
function unreadIssue({ line, text }: PacketText, packet: number, unread: Unread): Issue[] {
  if (unread.unread === 'name') {
    return [
      {
        ...{ severity: 'warning', code: 'tcpdump-name', line, packet },
        text: `${quoted(unread.text)} is the name of a host, and no hosts file or Docker dump says which address it has: the packet is listed and not followed; run tcpdump with -n`,
      },
    ];
  }
  if (!/\bIP6? |, ethertype IPv[46] |who-has|is-at/.test(text)) return [];
  return [
    {
      ...{ severity: 'warning', code: 'tcpdump-line', line, packet },
      text: `\`${quoted(text)}\` is not understood, it should read SOURCE > DESTINATION: and what is in it; the packet is counted and not followed`,
    },
  ];
}

function timeIssue(packets: readonly PacketText[], assumed: string, { near }: TextContext): Issue[] {
  const line = packets[0]?.line;
  if (line === undefined || assumed === 'nothing') return [];
  const told: Readonly<Record<string, string>> = {
    date: `its times have no date, ${near ? `that of ${near.by} is taken` : '1970-01-01 is taken'}, in UTC; tcpdump -tttt prints dates`,
    start:
      'its times count from a packet, not from a date; only differences are known: run tcpdump with -tttt',
    order: 'it has no times (tcpdump -t): only the order of its packets is known; run tcpdump with -tttt',
  };
  return [{ severity: 'warning', code: 'tcpdump-time', line, text: told[assumed] ?? '' }];
}
