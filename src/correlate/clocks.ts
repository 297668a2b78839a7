/** The clocks of several machines: estimated before packets are put in order, and all captures and dumps brought to the first one's. */
import type { Pace } from '../base/pace.ts';
import type { FrameColumns } from '../capture/columns.ts';
import type { Frame } from '../capture/frame.ts';
import { scanCapture } from '../capture/scan.ts';
import { hostOf } from '../input/host.ts';
import type { CaptureInput, HostClock, InputSet } from '../input/input.ts';
import type { Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { dissect } from '../packet/dissect.ts';
import type { Packet } from '../packet/packet.ts';
import { type ClockOffset, clockOffset, type SharedPacket } from './clock-offset.ts';
import { isWeak, signatureOf } from './signature.ts';

/** Different packets that are remembered of all machines, and sightings of one at one point. */
const MOST = 200_000;
const SIGHTINGS = 8;

interface Seen {
  readonly ttl: number;
  readonly source: Ip;
  readonly destination: Ip;
  readonly times: number[];
}

/** Packet → machine → capture → when it was seen there. */
type Ledger = Map<string, Map<string, Map<number, Seen>>>;

/** Without several machines, or with what can be read once only, the inputs as they are. */
export async function alignClocks(inputs: InputSet, pace?: Pace): Promise<InputSet> {
  const hosts = inputs.hosts ?? [];
  if (hosts.length < 2) return inputs;
  const ledger: Ledger = new Map();
  for (const [index, capture] of inputs.captures.entries()) {
    const host = machineOf(capture);
    if (host !== undefined && capture.path !== '-') await note(ledger, host, index, capture, pace);
  }
  const owners = ownersOf(inputs);
  const clocks = estimate(
    hosts.map(({ name }) => name),
    (here, there) => clockOffset(sharedBy(ledger, owners, here, there)),
  );
  const ahead = new Map(clocks.map(({ host, ahead: seconds }) => [host, seconds ?? 0]));
  const aheadOf = (host: string | undefined): number => (host === undefined ? 0 : (ahead.get(host) ?? 0));
  return {
    ...inputs,
    clocks,
    captures: inputs.captures.map((capture) => {
      const clock = aheadOf(machineOf(capture));
      return clock === 0 ? capture : { ...capture, clock };
    }),
    dumps: inputs.dumps.map((input) => {
      const clock = aheadOf(hostOf(input.namespace));
      return clock === 0 || input.time === undefined ? input : { ...input, time: input.time - clock };
    }),
  };
}

function machineOf({ host, namespace }: CaptureInput): string | undefined {
  return host ?? hostOf(namespace ?? '');
}

async function note(
  ledger: Ledger,
  host: string,
  input: number,
  capture: CaptureInput,
  pace: Pace | undefined,
): Promise<void> {
  const visit = (frame: Frame): void => {
    const packet = dissect(frame);
    for (const one of [packet, ...packet.inner]) noteOne(ledger, host, input, one, frame.bytes);
  };
  await scanCapture(capture.open(), visit, { path: capture.path, limits: capture.limits, pace });
}

function noteOne(ledger: Ledger, host: string, input: number, packet: Packet, bytes: Uint8Array): void {
  const { ip } = packet;
  const signature = signatureOf(packet, bytes);
  // A text may show neither the way it came nor when.
  if (ip?.ttl === undefined || signature === undefined || isWeak(packet)) return;
  // A retransmission has another identification, where the sender counts.
  const key = `${ip.id ?? ''} ${signature}`;
  let machines = ledger.get(key);
  if (!machines) {
    if (ledger.size >= MOST) return;
    machines = new Map();
    ledger.set(key, machines);
  }
  let points = machines.get(host);
  if (!points) {
    points = new Map();
    machines.set(host, points);
  }
  const time = packet.seconds + packet.nanoseconds / 1e9;
  const seen = points.get(input);
  if (!seen)
    points.set(input, { ttl: ip.ttl, source: ip.source, destination: ip.destination, times: [time] });
  else if (seen.times.length < SIGHTINGS) seen.times.push(time);
}

/** Which machine has an address, by `ipKey`; undefined where several have it. */
type Owners = ReadonlyMap<Ip, string | undefined>;

function ownersOf({ dumps }: InputSet): Owners {
  const owners = new Map<Ip, string | undefined>();
  for (const { dump, namespace } of dumps) {
    if (dump.content.kind !== 'links') continue;
    const host = hostOf(namespace);
    for (const { address } of dump.content.links.flatMap(({ addresses }) => addresses)) {
      const key = ipKey(address);
      owners.set(key, owners.has(key) && owners.get(key) !== host ? undefined : host);
    }
  }
  return owners;
}

/** Nearest each other where it crossed: the last sighting where it left, the first where it arrived. */
function sharedBy(ledger: Ledger, owners: Owners, here: string, there: string): SharedPacket[] {
  const shared: SharedPacket[] = [];
  for (const machines of ledger.values()) {
    const [one, other] = [machines.get(here), machines.get(there)];
    if (!one || !other) continue;
    const toThere = goesThere([...one.values()], [...other.values()], owners, here, there);
    const left = pick([...one.values()], toThere === true);
    const right = pick([...other.values()], toThere === false);
    // Sent several times, and some of them lost: which is which can't be told.
    if (!left || !right || left.times.length !== right.times.length) continue;
    for (const [index, time] of left.times.entries()) {
      const arrived = right.times[index];
      if (arrived !== undefined) shared.push({ here: time, there: arrived, toThere });
    }
  }
  return shared;
}

function pick(seen: readonly Seen[], last: boolean): Seen | undefined {
  const sorted = seen.toSorted((a, b) => (a.times[0] ?? 0) - (b.times[0] ?? 0));
  return last ? sorted.at(-1) : sorted[0];
}

/** Away from the larger TTL; between neighbours, away from the machine that has the source or towards the one that has the destination. */
function goesThere(
  one: readonly Seen[],
  other: readonly Seen[],
  owners: Owners,
  here: string,
  there: string,
): boolean | undefined {
  const [mine, theirs] = [one, other].map((seen) => seen.map(({ ttl }) => ttl)) as [number[], number[]];
  if (Math.min(...mine) > Math.max(...theirs)) return true;
  if (Math.min(...theirs) > Math.max(...mine)) return false;
  const ends = [...one, ...other];
  const from = ends.map(({ source }) => owners.get(ipKey(source))).find((host) => host !== undefined);
  if (from === here) return true;
  if (from === there) return false;
  const to = ends.map(({ destination }) => owners.get(ipKey(destination))).find((host) => host !== undefined);
  return to === there ? true : to === here ? false : undefined;
}

/** From the first machine on: each by the machine known so far with which it is told most exactly. */
function estimate(
  hosts: readonly string[],
  between: (here: string, there: string) => ClockOffset | undefined,
): HostClock[] {
  const [reference = ''] = hosts;
  const known = new Map<string, HostClock>([[reference, { host: reference, reference }]]);
  for (;;) {
    let best: { readonly clock: HostClock; readonly error: number } | undefined;
    for (const there of hosts.filter((host) => !known.has(host))) {
      for (const [here, base] of known) {
        const found = between(here, there);
        if (!found || (best && best.error <= found.error)) continue;
        const { offset, error, packets, oneWay } = found;
        const clock: HostClock = {
          host: there,
          reference,
          ahead: offset + (base.ahead ?? 0),
          error: error + (base.error ?? 0),
          packets,
          ...(oneWay && { oneWay }),
        };
        best = { clock, error };
      }
    }
    if (!best) break;
    known.set(best.clock.host, best.clock);
  }
  return hosts.filter((host) => host !== reference).map((host) => known.get(host) ?? { host, reference });
}

/** A frame's time by the first machine's clock. */
export function setClock(
  frame: Pick<Frame, 'seconds' | 'nanoseconds'>,
  { clock = 0 }: { readonly clock?: number | undefined },
): void {
  if (clock === 0) return;
  const nanoseconds = frame.nanoseconds - Math.round(clock * 1e9);
  const carry = Math.floor(nanoseconds / 1e9);
  frame.seconds += carry;
  frame.nanoseconds = nanoseconds - carry * 1e9;
}

/** The same for many records. */
export function setClocks(
  { seconds, nanoseconds, count }: FrameColumns,
  { clock = 0 }: { readonly clock?: number | undefined },
): void {
  if (clock === 0) return;
  const ahead = Math.round(clock * 1e9);
  for (let i = 0; i < count; i++) {
    const there = (nanoseconds[i] as number) - ahead;
    const carry = Math.floor(there / 1e9);
    seconds[i] = (seconds[i] as number) + carry;
    nanoseconds[i] = there - carry * 1e9;
  }
}
