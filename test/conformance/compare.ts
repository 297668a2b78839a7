/** The kernel's observation held against the model's, field by field. */
import { compareConnections } from './connections.ts';
import { unhex } from './kernel/agent.ts';
import { signatureOfPacket } from './kernel/events.ts';
import type { Disagreement, Field, Observation, OutFrame, PacketObservation, Way } from './observation.ts';

export interface Comparison {
  /** IP packets that were sent in, hexadecimal, in order. */
  readonly stimuli: readonly { readonly bytes: string }[];
  /** Ways of the model in which two packets that look alike are mixed; their steps are compared as a bag. */
  readonly unordered: ReadonlySet<Way>;
  /** The legacy tables' trace comes by the log: nothing tells which of its steps came before which of nft's. */
  readonly backend: 'nft' | 'legacy';
}

export function compare(kernel: Observation, model: Observation, of: Comparison): Disagreement[] {
  return [
    ...kernel.packets.flatMap((packet, index) =>
      comparePacket(
        packet,
        model.packets[index] ?? { ways: [], out: [] },
        of.stimuli[index]?.bytes ?? '',
        of,
      ).map((each) => ({ ...each, packet: index })),
    ),
    ...compareCounters(kernel, model),
    ...compareConnections(kernel.connections, model.connections),
    ...compareLists('sets', kernel.sets ?? {}, model.sets ?? {}),
  ];
}

const EMPTY: Omit<Way, 'of'> = { path: [], tracked: [], passed: [] };

function comparePacket(
  kernel: PacketObservation,
  model: PacketObservation,
  stimulus: string,
  { unordered, backend }: Comparison,
): Disagreement[] {
  const names = new Set(
    [...kernel.ways, ...model.ways].map(({ of }) => of).filter((of) => !isOwnBusiness(of)),
  );
  const differences: Disagreement[] = [];
  const add = (
    field: Field,
    of: string,
    one: readonly string[],
    other: readonly string[],
    bag = false,
  ): void => {
    const order = bag
      ? (list: readonly string[]) => list.toSorted()
      : backend === 'legacy'
        ? (list: readonly string[]) =>
            byNamespace(list.toSorted((a, b) => Number(isNative(a)) - Number(isNative(b))))
        : byNamespace;
    if (order(one).join('\n') === order(other).join('\n')) return;
    const say = (list: readonly string[]) =>
      `${of === 'packet' ? '' : `${of}: `}${list.join(', ') || 'nothing'}`;
    differences.push({ field, kernel: say(one), model: say(other) });
  };
  for (const of of names) {
    const told = kernel.ways.find((way) => way.of === of) ?? { of, ...EMPTY };
    const found = model.ways.find((way) => way.of === of) ?? { of, ...EMPTY };
    const bag = unordered.has(found);
    add('path', of, told.path, found.path, bag);
    // UNTRACKED stands on a packet also where conntrack isn't active, and nothing looks at it there.
    const looked = (way: Omit<Way, 'of'>) => way.tracked.filter((line) => !line.endsWith(' UNTRACKED'));
    add('conntrack', of, looked(told), looked(found), bag);
    const where = (way: Omit<Way, 'of'>) => way.passed.map((line) => line.slice(0, line.indexOf(':')));
    add('verdict', of, where(told), where(found), bag);
    if (where(told).toSorted().join() === where(found).toSorted().join()) {
      add('header', of, told.passed, found.passed, bag);
    }
  }
  const out = (frames: readonly OutFrame[], line: (frame: OutFrame) => string) =>
    frames.filter(({ bytes }) => !isOwnBytes(bytes)).map(line);
  const ends = ({ end }: OutFrame) => end;
  const whole = ({ end, ether, bytes }: OutFrame) => `${end} ${ether} ${comparable(bytes, stimulus)}`;
  add('egress', 'packet', out(kernel.out, ends), out(model.out, ends), true);
  if (out(kernel.out, ends).toSorted().join() === out(model.out, ends).toSorted().join()) {
    add('header', 'packet', out(kernel.out, whole), out(model.out, whole), true);
  }
  return differences;
}

/** Each namespace tells its own order; nothing tells which of two namespaces came first. */
function byNamespace(lines: readonly string[]): string[] {
  const namespaceOf = (line: string) => line.slice(0, line.indexOf(' '));
  return lines.toSorted((a, b) =>
    namespaceOf(a) < namespaceOf(b) ? -1 : namespaceOf(a) > namespaceOf(b) ? 1 : 0,
  );
}

/** `host inet/t:chain:1` */
function isNative(line: string): boolean {
  return /^\S+ \w+\//.test(line);
}

/** Neighbour discovery and group reports are the namespaces' own. */
function isOwnBusiness(of: string): boolean {
  const type = /^icmp (1\d\d)\//.exec(of)?.[1];
  return type !== undefined && Number(type) >= 130 && Number(type) !== 137;
}

function isOwnBytes(bytes: string): boolean {
  if (!bytes.startsWith('6')) return false;
  const [next, limit] = [Number.parseInt(bytes.slice(12, 14), 16), Number.parseInt(bytes.slice(14, 16), 16)];
  const type = Number.parseInt(bytes.slice(80, 82), 16);
  const isReport = next === 0;
  return isReport || (next === 58 && limit === 255 && type >= 133 && type <= 136);
}

/**
 * A packet that the kernel made itself has an id (IPv6: a flow label) of the kernel's own choice, and with it another header
 * checksum; so has one that a process sent without an id. What was sent in with an id keeps it.
 */
function comparable(bytes: string, stimulus: string): string {
  const isV4 = bytes.startsWith('4');
  // A timestamp reply (RFC 792) tells the kernel's own time.
  if (isV4 && bytes.slice(18, 20) === '01' && bytes.slice(40, 42) === '0e')
    return comparable(bytes.slice(0, 40), '4');
  const chosen = signatureOfPacket(unhex(bytes)) !== signatureOfPacket(unhex(stimulus));
  if (isV4) {
    if (!chosen && stimulus.slice(8, 12) !== '0000') return bytes;
    return `${bytes.slice(0, 8)}----${bytes.slice(12, 20)}----${bytes.slice(24)}`;
  }
  return chosen ? `${bytes.slice(0, 3)}-----${bytes.slice(8)}` : bytes;
}

function compareCounters(kernel: Observation, model: Observation): Disagreement[] {
  return Object.entries(kernel.counters).flatMap(([namespace, counters]) =>
    Object.entries(counters).flatMap(([key, value]): Disagreement[] => {
      const found = model.counters[namespace]?.[key];
      if (found === value) return [];
      return [{ field: 'counters', kernel: `${namespace} ${key} ${value}`, model: found ?? 'no such rule' }];
    }),
  );
}

type Lists = Readonly<Record<string, readonly string[]>>;

function compareLists(field: Field, kernel: Lists, model: Lists): Disagreement[] {
  return Object.entries(model).flatMap(([namespace, lines]): Disagreement[] => {
    const told = kernel[namespace] ?? [];
    const missing = told.filter((line) => !lines.includes(line));
    const extra = lines.filter((line) => !told.includes(line));
    if (missing.length + extra.length === 0) return [];
    return [{ field, kernel: missing.join('; '), model: extra.join('; ') }];
  });
}
