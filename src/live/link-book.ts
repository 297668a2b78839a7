/** What passes the links of the namespaces, by the kernel's counters as they are read from time to time. */
import { recogniseDump } from '../dump/recognise.ts';
import type { HostState, StateFile } from './host-state.ts';

/** Of the time between two readings. */
export interface LinkRate {
  /** Both ways, a second. */
  readonly packets: number;
  readonly bytes: number;
  /** Packets that the device gave up or could not read, both ways. */
  readonly lost: number;
  /** Seconds between the readings. */
  readonly span: number;
}

/** By `host:eth0`. */
export type LinkRates = ReadonlyMap<string, LinkRate>;

/** By `ip -s link`'s names (link-record.ts), or those of /proc/net/dev. */
type Counters = Readonly<Record<string, number>>;

interface Reading {
  /** Epoch milliseconds. */
  readonly taken: number;
  /** By device. */
  readonly counters: ReadonlyMap<string, Counters>;
}

const FILES = ['ip-link.json', 'ip-link.txt', 'proc-net-dev.txt'] as const;
const LOST = ['rx_dropped', 'tx_dropped', 'rx_errors', 'tx_errors'] as const;

type Rates = readonly (readonly [link: string, rate: LinkRate])[];

interface Known {
  readonly reading: Reading;
  readonly rates: Rates;
}

export class LinkBook {
  /** By namespace. */
  #known = new Map<string, Known>();
  #rates: LinkRates = new Map();

  /** Takes what was read since. What it gave before stays as it is. */
  update(state: Pick<HostState, 'namespaces' | 'file'>): LinkRates {
    const known = new Map<string, Known>();
    for (const { name } of state.namespaces) {
      const file = fileOf(state, name);
      const before = this.#known.get(name);
      if (file)
        known.set(name, before && before.reading.taken === file.taken ? before : read(name, file, before));
    }
    const isSame =
      known.size === this.#known.size && [...known].every(([name, each]) => this.#known.get(name) === each);
    if (isSame) return this.#rates;
    this.#known = known;
    this.#rates = new Map([...known.values()].flatMap(({ rates }) => rates));
    return this.#rates;
  }
}

function read(namespace: string, { taken, text }: StateFile, before: Known | undefined): Known {
  const reading = { taken, counters: countersOf(text) };
  return { reading, rates: before ? ratesOf(namespace, before.reading, reading) : [] };
}

function fileOf(state: Pick<HostState, 'file'>, namespace: string): StateFile | undefined {
  for (const name of FILES) {
    const file = state.file(`namespaces/${namespace}/${name}`);
    if (file) return file;
  }
  return undefined;
}

function countersOf(text: string): ReadonlyMap<string, Counters> {
  const content = recogniseDump('link counters', text)?.content;
  if (content?.kind === 'links')
    return new Map(content.links.flatMap(({ name, statistics }) => (statistics ? [[name, statistics]] : [])));
  if (content?.kind !== 'link-counters') return new Map();
  return new Map(
    content.devices.flatMap(({ dev, counters }) => (dev === undefined ? [] : [[dev, counters]])),
  );
}

function ratesOf(namespace: string, before: Reading, now: Reading): Rates {
  const span = (now.taken - before.taken) / 1000;
  return [...now.counters].flatMap(([device, counters]): Rates => {
    const earlier = before.counters.get(device);
    const more = (...names: readonly string[]) =>
      names.reduce((sum, name) => sum + (counters[name] ?? 0) - (earlier?.[name] ?? 0), 0);
    // One of the same name that was made anew counts from nothing.
    if (!earlier || more('rx_packets') < 0 || more('tx_packets') < 0) return [];
    return [
      [
        `${namespace}:${device}`,
        {
          packets: more('rx_packets', 'tx_packets') / span,
          bytes: more('rx_bytes', 'tx_bytes') / span,
          lost: Math.max(0, more(...LOST)),
          span,
        },
      ],
    ];
  });
}
