/** What tcpdump printed, as a capture among the inputs: read when it is opened, with the names and dates that the other inputs know. */
import { scanCapture } from '../capture/scan.ts';
import { memorySource } from '../capture/source.ts';
import { plainLines } from '../dump/text.ts';
import type { Ip } from '../net/ip.ts';
import { bannerOf } from '../tcpdump/banner.ts';
import { textCaptureBytes } from '../tcpdump/capture.ts';
import { areClocks, nearest } from '../tcpdump/clock.ts';
import { tcpdumpFlags } from '../tcpdump/command.ts';
import { beginning, type TextLine } from '../tcpdump/grouping.ts';
import { isTcpdumpText } from '../tcpdump/recognise.ts';
import { timeFromFileName } from './dump-time.ts';
import type { CaptureInput } from './input.ts';
import { type NamedAddress, namedAddress } from './names-as-addresses.ts';
import type { PlacedEntry, RecognisedDump } from './placed.ts';

export interface TextCaptureInput {
  readonly capture: Omit<CaptureInput, 'open'>;
  readonly lines: readonly TextLine[];
  /** Epoch seconds of its own, by its name or the manifest; and its file's last modification. */
  readonly time?: number;
  readonly modified?: number;
}

/** Without one of these a line neither begins a packet nor is a banner: most texts are not tcpdump's. */
const TELLTALE =
  /IP|ARP|arp|\s>\s|&gt;|ethertype|802\.2|AF|Broadcast|(?:[\da-fA-F]{1,2}:){5}|listening|reading|packet|tcpdump|dropped|Warning|Interrupted|Got|\.\.\.|…|\^|verbose|use -v/;

/** Lines of a packet whose first one is lost, at most. */
const MOST_LOST = 20;

/** The lines of a text that is tcpdump's from the first on. */
export function textCaptureLines(text: string): readonly TextLine[] | undefined {
  const lines = plainLines(text);
  const first = lines.find((line) => line.trim() !== '' && !/^\s*(?:```|~~~)/.test(line));
  if (first === undefined || !isFirst(first) || !isTcpdumpText(lines)) return undefined;
  return numbered(lines);
}

/** The same, of a text that is nothing else, and whose beginning is lost. */
export function textCaptureRest(text: string): readonly TextLine[] | undefined {
  const lines = plainLines(text);
  return lines.slice(0, MOST_LOST).some(isFirst) && isTcpdumpText(lines) ? numbered(lines) : undefined;
}

function isFirst(line: string): boolean {
  return TELLTALE.test(line) && (beginning(line, true)?.sure === true || bannerOf(line) !== undefined);
}

function numbered(lines: readonly string[]): TextLine[] {
  return lines.map((line, at) => ({ number: at + 1, text: line }));
}

export function textCapture(
  { entry, time }: Pick<PlacedEntry, 'entry' | 'time'>,
  capture: Omit<CaptureInput, 'open'>,
  lines: readonly TextLine[],
): TextCaptureInput {
  const own = timeFromFileName(entry.name) ?? time;
  return {
    capture: { why: 'its lines are packets as tcpdump prints them', ...capture },
    lines,
    ...(own !== undefined && { time: own }),
    ...(entry.modified !== undefined && { modified: entry.modified }),
  };
}

/** They are made bytes when they are first opened, and stay so. */
export async function openedTexts(
  texts: readonly TextCaptureInput[],
  captures: readonly CaptureInput[],
  dumps: readonly RecognisedDump[],
): Promise<CaptureInput[]> {
  if (texts.length === 0) return [];
  const address = addressBook(dumps);
  const beside = (await firstOf(captures)) ?? dumpTime(dumps);
  const files = new Set<string>();
  const sessions = new Set<string>();
  for (const { path } of texts.map(({ capture }) => capture)) (files.has(path) ? sessions : files).add(path);
  /** By file: when the capture before began. */
  const before = new Map<string, Witness>();
  return texts.map(({ capture, lines, time, modified }): CaptureInput => {
    const witness =
      time !== undefined
        ? { time, by: 'its file name or manifest' }
        : (beside ?? (modified === undefined ? undefined : { time: modified, by: 'its file' }));
    const near: Near | undefined = sessions.has(capture.path)
      ? dayOf({ lines, command: capture.command, witness, before: before.get(capture.path) })
      : witness;
    if (near?.isDay) before.set(capture.path, near);
    let bytes: Uint8Array | undefined;
    return {
      ...capture,
      open: () => {
        bytes ??= textCaptureBytes(lines, { command: capture.command, near, address });
        return memorySource(bytes);
      },
    };
  });
}

/** Epoch seconds near which something was seen, and who says so. */
interface Witness {
  readonly time: number;
  readonly by: string;
}

/** `isDay`: the day of a capture's first clock time is known by it. */
interface Near extends Witness {
  readonly isDay?: true;
}

const DAY = 86_400;

/**
 * Near what a capture was taken. Captures of one session follow each other, as packets of one do: a clock that goes back by more than
 * half a day has passed midnight, and else the day is that of the one before. Times that count from a packet have no day.
 */
function dayOf({
  lines,
  command,
  witness,
  before,
}: {
  readonly lines: readonly TextLine[];
  readonly command: string | undefined;
  readonly witness: Witness | undefined;
  readonly before: Witness | undefined;
}): Near | undefined {
  const stamps = lines.map(({ text }) => beginning(text, false)?.stamp);
  const first = stamps.find((stamp) => stamp !== undefined);
  if (!witness || !first || !areClocks(stamps, command === undefined ? undefined : timesAsked(command)))
    return witness;
  if (!before) return { ...witness, time: nearest(witness.time, first.seconds), isDay: true };
  const sameDay = Math.floor(before.time / DAY) * DAY + first.seconds;
  return { ...before, time: before.time - sameDay > DAY / 2 ? sameDay + DAY : sameDay, isDay: true };
}

/** How often its command line has `-t`; undefined: not at all. */
function timesAsked(command: string): number | undefined {
  const ts = tcpdumpFlags(command)?.ts ?? 0;
  return ts > 0 ? ts : undefined;
}

/** When the first packet of a capture beside it was seen: the best witness of the day. */
async function firstOf(captures: readonly CaptureInput[]): Promise<Witness | undefined> {
  // Standard input can be read only once.
  const capture = captures.find(({ path }) => path !== '-' && !path.startsWith('/dev/'));
  if (!capture) return undefined;
  let time: number | undefined;
  await scanCapture(
    capture.open(),
    ({ seconds }) => {
      time ??= seconds;
    },
    { isPrompt: true, onProgress: () => false },
  );
  return time === undefined ? undefined : { time, by: capture.path };
}

function dumpTime(dumps: readonly RecognisedDump[]): Witness | undefined {
  const dated = dumps.find(({ time }) => time !== undefined);
  return dated?.time === undefined ? undefined : { time: dated.time, by: dated.dump.path };
}

/** Names that hosts files give, containers by their name alone and with that of their network behind it, as Docker's own resolver does. */
function addressBook(dumps: readonly RecognisedDump[]): (name: string) => NamedAddress | undefined {
  const known = new Map<string, Ip | 'several'>([['localhost', 0x7f000001]]);
  const add = (name: string, address: Ip) => {
    const key = name.toLowerCase();
    const before = known.get(key);
    known.set(
      key,
      before === undefined || before === address || key === 'localhost' ? (before ?? address) : 'several',
    );
  };
  for (const { dump } of dumps) {
    if (dump.content.kind === 'resolver') {
      for (const { address, names } of dump.content.resolver.hosts ?? []) {
        for (const name of names)
          if (!(typeof address === 'bigint' && known.has(name.toLowerCase()))) add(name, address);
      }
    } else if (dump.content.kind === 'containers') {
      for (const { name, endpoints } of dump.content.containers) {
        for (const { network, address } of endpoints) {
          if (address === undefined) continue;
          add(`${name}.${network}`, address);
          add(name, address);
        }
      }
    }
  }
  return (name) => {
    const found = known.get(name.toLowerCase());
    if (found === undefined) return namedAddress(name);
    return found === 'several' ? undefined : { address: found };
  };
}
