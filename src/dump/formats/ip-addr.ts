/** The text of `ip addr` and `ip link`, with or without -d, -s and -o: iproute2 ip/ipaddress.c, print_linkinfo() and print_addrinfo(). */
import type { Issue } from '../../base/issue.ts';
import { parseMac } from '../../net/mac.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { parseInet, parseLifetime } from '../inet-words.ts';
import { parseKindData } from '../kind-data.ts';
import { counterName, draftLink, type LinkDraft, setPeer, takePortWords } from '../link-record.ts';
import type { InterfaceAddress, Link } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

/** `2: eth0@if7: <BROADCAST,UP> mtu 1500 …` */
const HEADER = /^\s*(\d+): +([^\s:@]+)(?:@([^\s:]+))?: <([^>]*)>(.*)$/;
const LINK_HEADER = /^\s*\d+: +[^\s:]+: <[^>]*>.* mode [A-Z]+\b/;

export const ipAddr: Format = {
  id: 'ip-addr',
  command: 'ip addr',
  recognise: (text) => (isLinkOnly(text) ? undefined : recogniseLinks(text)),
  parse: (text) => parseLinks(text),
};

export const ipLink: Format = {
  id: 'ip-link',
  command: 'ip link',
  recognise: (text) => (isLinkOnly(text) ? recogniseLinks(text) : undefined),
  parse: (text) => parseLinks(text),
};

function recogniseLinks(text: DumpText): string | undefined {
  return firstLine(text, HEADER);
}

const LIFETIMES = /^\s*valid_lft (?:forever|\d+sec) preferred_lft (?:forever|\d+sec)\s*$/;
const ADDRESS = /^\s*inet6? [0-9a-fA-F]/;

/** `ip link` prints `mode DEFAULT` and no address; a link dump so old that it has neither is told by its command, else says nothing of addresses. */
function isLinkOnly(text: DumpText): boolean {
  let old = true;
  for (const line of text.lines) {
    if (line.length > 4000) continue;
    if (ADDRESS.test(line) || /^\d+: .*\\ +inet6? /.test(line)) return false;
    if (LINK_HEADER.test(line)) return true;
    if (/ state [A-Z]/.test(line)) old = false;
  }
  if (text.echo) return /^ip (?:-\S+ )*l/.test(text.echo.command);
  return old && text.lines.some((line) => line !== '');
}

function parseLinks(text: DumpText): Parsed {
  const reader = new LinkReader(text);
  const isOneLine = isOneLineEach(text);
  text.lines.forEach((line, index) => {
    if (isOneLine) reader.takeWhole(line, index + 1);
    else reader.take(line, index + 1);
  });
  return {
    content: { kind: 'links', links: reader.links, withAddresses: !isLinkOnly(text) },
    issues: reader.issues,
  };
}

/** As `-o` prints links: more of them go on behind a backslash than there are lines set in. A backslash in a damaged line isn't one of those. */
function isOneLineEach({ lines }: DumpText): boolean {
  let more = 0;
  for (const line of lines) {
    if (/^\s*\d+: .*\\ +\w/.test(line)) more++;
    else if (/^\s+[a-z]/.test(line)) more--;
  }
  return more > 0;
}

/** Lines below a header belong to its link, until the next header. */
class LinkReader {
  readonly links: Link[] = [];
  readonly issues: Issue[] = [];
  readonly #path: string;
  #link: LinkDraft | undefined;
  #counters: { direction: 'rx' | 'tx'; names: (string | undefined)[] } | undefined;
  /** The lifetimes of the last address are still to come; others belong to one whose line is missing. */
  #isAddressOpen = false;
  /** The line before may have been the next link's: it wasn't understood, and stands where one can. */
  #isStrange = false;
  /** Links have lines with their addresses below: not so in `ip -4 addr`. */
  readonly #hasHardware: boolean;
  /** Each address has a line with its lifetimes below: not so in that of old kernels, where those of IPv4 have none. */
  readonly #hasLifetimes: boolean;

  constructor({ path, lines }: DumpText) {
    this.#path = path;
    this.#hasHardware = lines.some((line) => /^\s+link\//.test(line));
    const lifetimes = lines.filter((line) => /^\s+valid_lft /.test(line)).length;
    this.#hasLifetimes = lifetimes > 0 && lifetimes + 1 >= lines.filter((line) => ADDRESS.test(line)).length;
  }

  /** A link with all that is its own, on one line. */
  takeWhole(line: string, number: number): void {
    if (line.trim() === '') return;
    this.#link = undefined;
    if (!HEADER.test(line)) this.#bad(line, number, 'the line of a link (`2: eth0: <BROADCAST,…>`)');
    else for (const part of line.split('\\')) this.take(part, number);
  }

  take(line: string, number: number): void {
    if (line.trim() === '') return;
    const header = HEADER.exec(line);
    if (header) {
      this.#begin(header, number);
      return;
    }
    const words = new Words(line);
    const word = words.next();
    if (this.#isStrange && word !== 'valid_lft') this.#link = undefined;
    this.#isStrange = this.#isMaybeHeader(line);
    // What isn't known may have been an address, whose lifetimes are behind it.
    if (!this.#hasLifetimes && word !== 'valid_lft') this.#isAddressOpen = false;
    // Its other names stand above its addresses.
    if (word === 'altname' && this.#link && this.#link.addresses.length > 0) this.#link = undefined;
    // A link has one such line, its first but the header: the header of another one was not understood.
    if (word.startsWith('link/') && this.#link?.linkType !== undefined) this.#link = undefined;
    const link = this.#link;
    if (!link) {
      this.#bad(line, number, 'the line of a link (`2: eth0: <BROADCAST,…>`) first');
      return;
    }
    if (this.#counters) {
      this.#count(link, line);
      return;
    }
    if (word.startsWith('link/')) this.#hardware(link, word.slice(5), words, number);
    else if (word === 'inet' || word === 'inet6') this.#address(link, line, words, number);
    else if (word === 'valid_lft') {
      if (this.#isAddressOpen) this.#lifetime(link, words);
      else this.#bad(line, number, 'the line of an address before it');
      // Broken in two it goes on.
      this.#isAddressOpen &&= !LIFETIMES.test(line);
    } else if (word === 'altname') link.altnames = [...(link.altnames ?? []), words.next()];
    else if (word === 'RX:' || word === 'TX:' || word === 'RX' || word === 'TX') this.#columns(word, words);
    else if (word === 'alias' || word === 'vf' || word === 'promiscuity' || word === 'minmtu') return;
    else if (/^[a-z][\w-]*$/.test(word) && !/ scope [a-z]/.test(line))
      this.#details(link, word, words, number);
    else {
      if (/^\d+:$/.test(word)) this.#link = undefined;
      this.#bad(line, number, 'a line of `ip addr`');
    }
  }

  /** Of a line that isn't a header: whether one stood there before it was damaged. Above lifetimes that is known to be an address. */
  #isMaybeHeader(line: string): boolean {
    if (this.#hasHardware || (this.#isAddressOpen && this.#hasLifetimes)) return false;
    // Each has an address there.
    if (this.#link?.addresses.length === 0) return false;
    return /^\S|: <|\bmtu \d/.test(line);
  }

  #bad(line: string, number: number, expected: string): void {
    this.issues.push(badLine(this.#path, number, line, expected));
  }

  #begin(header: RegExpExecArray, line: number): void {
    const [, index, name = '', peer, flags = '', rest = ''] = header;
    const link = draftLink(name, { path: this.#path, line });
    if (Number(index) > 0) link.index = Number(index);
    // Those without a name are a number: print_link_flags(), ip/ipaddress.c.
    const given = flags.split(',').filter((flag) => flag !== '');
    link.flags = given.filter((flag) => /^[\w-]+$/.test(flag));
    if (link.flags.length < given.length) this.#bad(flags, line, 'names of flags');
    if (peer !== undefined) setPeer(link, peer);
    const words = new Words(rest);
    while (!words.done) {
      const key = words.next();
      if (key === 'mtu') setNumber(words, (mtu) => (link.mtu = mtu));
      else if (key === 'qlen') setNumber(words, (length) => (link.queueLength = length));
      else if (key === 'qdisc') words.value((word) => (link.qdisc = word));
      else if (key === 'master') words.value((word) => (link.master = word));
      else if (key === 'state') words.value((word) => (link.operstate = word));
      else if (key === 'group') words.value((word) => (link.group = word));
      else if (key === 'mode') words.next();
    }
    this.#link = link;
    this.#counters = undefined;
    this.#isAddressOpen = false;
    this.#isStrange = false;
    this.links.push(link);
  }

  #hardware(link: LinkDraft, type: string, words: Words, line: number): void {
    link.linkType = type;
    while (!words.done) {
      const word = words.next();
      if (word === 'brd' || word === 'peer' || word === 'permaddr') words.next();
      else if (word === 'link-netnsid') setNumber(words, (id) => (link.peerNetnsid = id));
      else if (word === 'link-netns') words.value((name) => (link.peerNetns = name));
      else if (word === 'master') words.value((name) => (link.master ??= name));
      else {
        const mac = parseMac(word);
        if (mac !== undefined && type !== 'loopback') link.mac = mac;
        else if (DETAIL_KINDS.has(word)) this.#details(link, word, words, line);
      }
    }
  }

  #address(link: LinkDraft, line: string, words: Words, number: number): void {
    const address = parseInet(words, link.name, { path: this.#path, line: number });
    this.#isAddressOpen = false;
    if (!address) this.#bad(line, number, 'an address behind `inet`');
    else if (this.#isLabelOfAnother(link, address)) this.#bad(line, number, 'the line of its link before it');
    else {
      this.#isAddressOpen = true;
      link.addresses.push(address);
    }
  }

  /** A label begins with its link's name; where links have nothing else below, the line of one between is missing. */
  #isLabelOfAnother({ name, addresses }: LinkDraft, { label }: InterfaceAddress): boolean {
    if (this.#hasHardware || label === undefined || addresses.length === 0) return false;
    return label.split(':', 1)[0] !== name;
  }

  /** `valid_lft 3000sec preferred_lft forever`, of the address above. */
  #lifetime(link: LinkDraft, words: Words): void {
    const address = link.addresses.at(-1);
    const valid = parseLifetime(words.next());
    const preferred = words.skip('preferred_lft') ? parseLifetime(words.next()) : undefined;
    if (!address) return;
    link.addresses[link.addresses.length - 1] = {
      ...address,
      ...(valid === undefined ? {} : { validLifetime: valid }),
      ...(preferred === undefined ? {} : { preferredLifetime: preferred }),
    };
  }

  /** `RX:  bytes packets errors …`: the numbers stand on the next line, in the same order. */
  #columns(word: string, words: Words): void {
    const direction = word.startsWith('RX') ? 'rx' : 'tx';
    if (words.peek() === 'errors:') words.next();
    const names: (string | undefined)[] = [];
    while (!words.done) names.push(counterName(direction, words.next()));
    if (names.length > 0) this.#counters = { direction, names };
  }

  #count(link: LinkDraft, line: string): void {
    const names = this.#counters?.names ?? [];
    this.#counters = undefined;
    const values = line.trim().split(/\s+/);
    if (!values.every((value) => /^\d+$/.test(value))) return;
    const statistics = link.statistics ?? {};
    names.forEach((name, index) => {
      const value = values[index];
      if (name !== undefined && value !== undefined) statistics[name] = Number(value);
    });
    link.statistics = statistics;
  }

  /** `ip -d`: `veth …`, `bridge forward_delay 1500 …`, `bridge_slave state forwarding …`. */
  #details(link: LinkDraft, word: string, words: Words, line: number): void {
    if (word.endsWith('_slave')) {
      if (word === 'bridge_slave') {
        link.port = { span: { path: this.#path, line } };
        takePortWords(link.port, words);
      }
      return;
    }
    if (!DETAIL_KINDS.has(word) && !isDetail(words)) return;
    if (link.kind !== undefined) return;
    link.kind = word;
    const data = parseKindData(word, words);
    if (data) link.kindData = data;
  }
}

/** An unknown kind's line is known by the numbers that end every link's details. */
function isDetail(words: Words): boolean {
  for (let ahead = 0, word = words.peek(); word !== undefined; word = words.peek(++ahead)) {
    if (word === 'addrgenmode' || word === 'numtxqueues') return true;
  }
  return false;
}

const DETAIL_KINDS = new Set(
  'bareudp batadv bond bridge can dsa dummy erspan geneve gre gretap hsr ifb ip6erspan ip6gre ip6gretap ip6tnl ipip ipoib ipvlan ipvtap macsec macvlan macvtap netdevsim netkit nlmon rmnet sit team tun vcan veth virt_wifi vlan vrf vti vti6 vxcan vxlan wireguard wwan xfrm'.split(
    ' ',
  ),
);

function setNumber(words: Words, set: (value: number) => void): void {
  const value = parseNumber(words.next());
  if (value !== undefined) set(value);
}
