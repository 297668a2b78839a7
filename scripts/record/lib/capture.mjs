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
   *   file?: string }} options
   */
  constructor(namespace, device, options) {
    this.namespace = namespace;
    this.devices = device.split(',');
    this.options = options;
    this.base = `${options.file ?? device}.${options.pcapng ? 'pcapng' : 'pcap'}`;
    const folder = join('/run/captures', namespace.name);
    mkdirSync(folder, { recursive: true });
    this.raw = join(folder, this.base);
    /** Its path inside the bundle. */
    this.path = `captures/${namespace.name}/${this.base}${options.gzip ? '.gz' : ''}`;
  }

  /** What a person would have typed. */
  get command() {
    const { pcapng, nano, filter, direction, snaplen } = this.options;
    const words = [pcapng ? 'dumpcap' : 'tcpdump'];
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

  /** Ends it as Ctrl-C would; a capture that lost packets is no recording. */
  async stop() {
    if (this.process === undefined) return;
    const { child, ended } = this.process;
    child.kill('SIGINT');
    await ended;
    const lost = /(\d+) packets? dropped by kernel/.exec(this.process.output)?.[1] ?? '0';
    this.process = undefined;
    if (lost !== '0') throw new Error(`${this.path}: ${lost} packets lost while recording`);
  }

  /** Packets of the finished capture that a tcpdump filter selects. */
  count(filter = '') {
    const lines = execFileSync('tcpdump', ['-n', '-t', '-r', this.raw, ...(filter ? [filter] : [])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return lines.split('\n').filter((line) => /^(\S.*)?\S/.test(line) && !/^\s/.test(line)).length;
  }

  writeTo(bundle) {
    const target = join(bundle, this.path);
    mkdirSync(join(target, '..'), { recursive: true });
    const bytes = readFileSync(this.raw);
    writeFileSync(target, this.options.gzip ? gzipSync(bytes) : bytes);
  }
}
