/** A capture on one interface while an incident plays: tcpdump's classic pcap, or dumpcap's pcapng. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Room for every packet of a burst: with tcpdump's default of 2 MiB and its default snaplen it is about 28 packets. */
const RING_KIB = 32768;

export class Capture {
  /**
   * @param {import('./namespace.mjs').Namespace} namespace
   * @param {string} device one interface, `any`, or several (`a,b`: one pcapng)
   * @param {{ pcapng?: boolean, nano?: boolean, gzip?: boolean, filter?: string, direction?: 'in' | 'out', snaplen?: number,
   *   promiscuous?: false, buffer?: number, clock?: number, file?: string }} options `buffer`: MiB of dumpcap's ring, and the
   *   capture may lose packets; `clock`: seconds that its machine's clock is ahead
   */
  constructor(namespace, device, options) {
    this.namespace = namespace;
    this.devices = device.split(',');
    this.options = options;
    this.base = `${options.file ?? device}.${options.pcapng ? 'pcapng' : 'pcap'}`;
    const folder = join('/run/captures', namespace.title);
    mkdirSync(folder, { recursive: true });
    this.raw = join(folder, this.base);
    /** Its path inside the bundle. */
    const within = `captures/${namespace.name}/${this.base}${options.gzip ? '.gz' : ''}`;
    this.path = namespace.host === undefined ? within : `${namespace.host}/${within}`;
  }

  /** What a person would have typed. */
  get command() {
    const { pcapng, nano, filter, direction, snaplen, promiscuous, buffer } = this.options;
    const words = [pcapng ? 'dumpcap' : 'tcpdump'];
    if (promiscuous === false) words.push('-p');
    if (buffer) words.push('-B', `${buffer}`);
    for (const device of this.devices) words.push('-i', device);
    if (nano) words.push('--time-stamp-precision=nano');
    if (direction) words.push('-Q', direction);
    if (snaplen) words.push('-s', `${snaplen}`);
    words.push('-w', this.base);
    if (filter) words.push(pcapng ? `-f '${filter}'` : `'${filter}'`);
    return words.join(' ');
  }

  async start() {
    const typed = this.command.replace(` -w ${this.base}`, ` -w ${this.raw}`);
    this.process = this.options.pcapng
      ? await this.namespace.start(typed.replace('dumpcap', 'dumpcap -n'), /File: /)
      : await this.namespace.start(
          typed.replace('tcpdump', `tcpdump -n -Z root -U --immediate-mode -B ${RING_KIB}`),
          /listening on/,
        );
  }

  get runs() {
    return this.process !== undefined;
  }

  /** A machine too busy to read its capture: what doesn't fit the ring is lost. */
  pause() {
    this.process.child.kill('SIGSTOP');
  }

  resume() {
    this.process.child.kill('SIGCONT');
  }

  /** Ends it as Ctrl-C would; a capture that lost packets and wasn't to is no recording. */
  async stop() {
    if (this.process === undefined) return;
    const { child, ended } = this.process;
    child.kill('SIGINT');
    await ended;
    const { output } = this.process;
    // `58 packets dropped by kernel`, and of dumpcap `received/dropped on interface 'br0': 900/58 (…)`
    const told = /(\d+) packets? dropped by kernel|on interface [^:]*: \d+\/(\d+)/.exec(output);
    const lost = Number(told?.[1] ?? told?.[2] ?? 0);
    this.process = undefined;
    this.lost = lost;
    if (lost > 0 && this.options.buffer === undefined)
      throw new Error(`${this.path}: ${lost} packets lost while recording`);
  }

  /** Packets of the finished capture that a tcpdump filter selects. */
  count(filter = '') {
    const lines = execFileSync('tcpdump', ['-n', '-t', '-r', this.raw, ...(filter ? [filter] : [])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    });
    return lines.split('\n').filter((line) => /^(\S.*)?\S/.test(line) && !/^\s/.test(line)).length;
  }

  writeTo(bundle) {
    const target = join(bundle, this.path);
    mkdirSync(join(target, '..'), { recursive: true });
    const bytes = readFileSync(this.raw);
    const clock = this.options.clock ?? this.namespace.clock;
    if (clock) advance(bytes, clock);
    writeFileSync(target, this.options.gzip ? gzipSync(bytes, { level: 9 }) : bytes);
  }
}

/** Every time stamp of a classic little-endian file with microseconds, later by so many seconds. */
function advance(bytes, seconds) {
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('only classic files can have another clock');
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    const time = bytes.readUInt32LE(at) * 1e6 + bytes.readUInt32LE(at + 4) + Math.round(seconds * 1e6);
    bytes.writeUInt32LE(Math.floor(time / 1e6), at);
    bytes.writeUInt32LE(time % 1e6, at + 4);
  }
}
