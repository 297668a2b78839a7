/** `ifconfig`, the old and the new form of net-tools and busybox's, which is the old one. */
import type { Issue } from '../../base/issue.ts';
import { familyOf, parseIp, parseIpv4 } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { draftLink, type LinkDraft } from '../link-record.ts';
import type { InterfaceAddress } from '../records.ts';
import type { DumpText } from '../text.ts';

const OLD = /^(\S+)\s+Link encap:(.*)$/;
const NEW = /^(\S+?): flags=[0-9a-f]+<([^>]*)>\s+(?:metric \d+\s+)?mtu (\d+)/;

export const ifconfig: Format = {
  id: 'ifconfig',
  command: 'ifconfig',
  recognise: (text) => firstLine(text, OLD) ?? firstLine(text, NEW),
  parse: parseLinks,
};

function parseLinks(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const links = new Map<string, LinkDraft>();
  const block = new Block();
  text.lines.forEach((line, index) => {
    if (line.trim() === '') {
      block.pause();
      return;
    }
    // Above it where `netstat -ie` printed it.
    if (/^Kernel Interface table\s*$/.test(line)) return;
    const span = { path: text.path, line: index + 1 };
    const header = OLD.exec(line) ?? NEW.exec(line);
    if (header) {
      const [full = ''] = header.slice(1);
      const [name = full] = full.split(':');
      const label = full === name ? undefined : full;
      const link = (label === undefined ? undefined : links.get(name)) ?? draftLink(name, span);
      links.set(name, link);
      takeHeader(link, header);
      block.begin(link, label);
      return;
    }
    const link = /^\s/.test(line) ? block.linkOf(line) : undefined;
    if (link) {
      takeLine(link, block.label, line, span, issues);
      return;
    }
    block.doubt();
    issues.push(badLine(text.path, index + 1, line, 'an interface: `eth0: flags=4163<UP,…>  mtu 1500`'));
  });
  return { content: { kind: 'links', links: [...links.values()], withAddresses: true }, issues };
}

/**
 * The lines below an interface's first. One that wasn't understood, or is empty, may have been the first of another one: what
 * follows is that one's if a line comes again that an interface has once, and is taken back then.
 */
class Block {
  label: string | undefined;
  #link: LinkDraft | undefined;
  #seen = new Set<string>();
  #hasCounters = false;
  /** The link as it was before a line that may have been another one's. */
  #before: LinkDraft | undefined;
  #addressesBefore = 0;

  begin(link: LinkDraft, label: string | undefined): void {
    this.label = label;
    this.#link = link;
    this.#seen = new Set();
    this.#hasCounters = label !== undefined;
    this.#before = undefined;
  }

  /** An empty line: the end behind the counters, which are last; an alias has none. */
  pause(): void {
    if (this.#hasCounters) this.#link = undefined;
    else this.doubt();
  }

  doubt(): void {
    const link = this.#link;
    if (!link || this.#before) return;
    const { statistics } = link;
    this.#before = { ...link, ...(statistics ? { statistics: { ...statistics } } : {}) };
    this.#addressesBefore = link.addresses.length;
  }

  /** Whose line it is; undefined: of one that isn't known. */
  linkOf(line: string): LinkDraft | undefined {
    const kind = onceKind(line);
    if (kind === undefined || !this.#link) return this.#link;
    if (this.#seen.has(kind)) {
      if (this.#before) {
        takeBack(this.#link, this.#before);
        this.#link.addresses.length = this.#addressesBefore;
      }
      this.#link = undefined;
    }
    this.#seen.add(kind);
    if (/^[RT]X /.test(kind)) this.#hasCounters = true;
    return this.#link;
  }
}

/** What a line is that an interface has one of: `ether`, `RX packets`, `options`, `MTU` … */
function onceKind(line: string): string | undefined {
  if (/\bMTU:\d/.test(line)) return 'MTU';
  return /^\s+(ether|options|media|status|hwaddr|nd6 options|[RT]X (?:packets|errors|bytes))\b/.exec(
    line,
  )?.[1];
}

function takeBack(link: LinkDraft, before: LinkDraft): void {
  for (const key of Object.keys(link)) if (!(key in before)) delete link[key as 'mac'];
  Object.assign(link, before);
}

function takeHeader(link: LinkDraft, header: RegExpExecArray): void {
  if (header[3] !== undefined) {
    link.flags = carrier((header[2] ?? '').split(',').filter((flag) => flag !== ''));
    link.mtu = Number(header[3]);
    return;
  }
  const [, hardware] = /HWaddr ([0-9a-fA-F:-]+)/.exec(header[2] ?? '') ?? [];
  setMac(link, hardware);
}

/** IFF_RUNNING is what `ip link` shows as LOWER_UP, and its lack on a link that is up as NO-CARRIER. */
function carrier(flags: readonly string[]): string[] {
  if (!flags.includes('UP')) return flags.filter((flag) => flag !== 'RUNNING');
  if (!flags.includes('RUNNING')) return ['NO-CARRIER', ...flags];
  return flags.map((flag) => (flag === 'RUNNING' ? 'LOWER_UP' : flag));
}

function setMac(link: LinkDraft, text: string | undefined): void {
  const mac = text === undefined ? undefined : parseMac(text);
  if (mac === undefined) return;
  link.mac = mac;
  link.linkType = 'ether';
}

function takeLine(
  link: LinkDraft,
  label: string | undefined,
  line: string,
  span: InterfaceAddress['span'],
  issues: Issue[],
): void {
  const word = line.trim().split(/\s+/, 1)[0] ?? '';
  if (word === 'inet' || word === 'inet6') {
    const address = addressOf(line, label, span);
    if (address) link.addresses.push(address);
    else issues.push(badLine(span.path, span.line, line, 'an address with its mask or length'));
  } else if (word === 'ether' || word === 'HWaddr') setMac(link, line.trim().split(/\s+/)[1]);
  else if (word === 'RX' || word === 'TX') takeCounters(link, word, line);
  else if (/\bMTU:\d+/.test(line)) {
    link.mtu = Number(/\bMTU:(\d+)/.exec(line)?.[1]);
    const flags = line.slice(0, line.search(/\bMTU:/)).trim();
    link.flags = carrier(flags === '' || flags.startsWith('[') ? [] : flags.split(/\s+/));
  }
}

/** `inet addr:10.0.0.1  Bcast:… Mask:255.0.0.0`, `inet 10.0.0.1  netmask 255.0.0.0`, `inet6 addr: ::1/128 Scope:Host`, `inet6 ::1  prefixlen 128`. */
function addressOf(
  line: string,
  label: string | undefined,
  span: InterfaceAddress['span'],
): InterfaceAddress | undefined {
  const match = /\binet6? (?:addr: ?)?([0-9a-fA-F:.]+)(?:%[^\s/]+)?(?:\/(\d+))?/.exec(line);
  const address = match ? parseIp(match[1] ?? '') : undefined;
  if (!match || address === undefined) return undefined;
  const mask = /(?:Mask:|netmask )(\S+)/.exec(line)?.[1];
  const given = match[2] ?? /prefixlen (\d+)/.exec(line)?.[1];
  const length = mask === undefined ? (given === undefined ? undefined : Number(given)) : maskLength(mask);
  if (length === undefined || length > (familyOf(address) === 4 ? 32 : 128)) return undefined;
  const broadcast = parseIpv4(/(?:Bcast:|broadcast )(\S+)/.exec(line)?.[1] ?? '');
  const peer = parseIp(/(?:P-t-P:|destination )(\S+)/.exec(line)?.[1] ?? '');
  return {
    address,
    length,
    ...(peer === undefined || peer === address ? {} : { peer }),
    ...(broadcast === undefined || broadcast === 0 ? {} : { broadcast }),
    scope: scopeOf(line),
    secondary: false,
    flags: [],
    ...(label === undefined ? {} : { label }),
    span,
  };
}

function maskLength(mask: string): number | undefined {
  const bits = /^0x[0-9a-f]{1,8}$/i.test(mask) ? Number(mask) : parseIpv4(mask);
  return bits === undefined ? undefined : Math.clz32(~bits);
}

/** IPv4 prints no scope; that of loopback addresses is what the kernel gives them. */
function scopeOf(line: string): string {
  const printed = /Scope:(\w+)|scopeid 0x\w+<(\w+)>/.exec(line);
  const scope = (printed?.[1] ?? printed?.[2] ?? '').toLowerCase();
  if (scope !== '') return scope;
  return /\binet (?:addr:)?127\./.test(line) ? 'host' : 'global';
}

/** `RX packets:6 errors:0 dropped:0`, `RX packets 6  bytes 468 (468.0 B)`. */
function takeCounters(link: LinkDraft, direction: 'RX' | 'TX', line: string): void {
  const prefix = direction.toLowerCase();
  const statistics = link.statistics ?? {};
  for (const [, name, value] of line.matchAll(/\b(bytes|packets|errors|dropped)[: ](\d+)/g)) {
    statistics[`${prefix}_${name}`] = Number(value);
  }
  const bytes = /TX bytes:(\d+)/.exec(line)?.[1];
  if (bytes !== undefined && direction === 'RX') {
    statistics.rx_bytes = Number(/RX bytes:(\d+)/.exec(line)?.[1] ?? 0);
    statistics.tx_bytes = Number(bytes);
  }
  link.statistics = statistics;
}
