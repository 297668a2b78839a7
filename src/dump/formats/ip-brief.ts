/** `ip -br addr`, `ip -br link` and `ip -o addr`: a link or an address a line. */
import type { Issue } from '../../base/issue.ts';
import { bitsOf, familyOf, parseIp } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import { briefAddress, takeState } from '../brief.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import { parseInet } from '../inet-words.ts';
import { draftLink, type LinkDraft, setPeer } from '../link-record.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const STATE = '(UNKNOWN|NOTPRESENT|DOWN|LOWERLAYERDOWN|TESTING|DORMANT|UP)';
const NAME = '([^\\s:@]+)(?:@([^\\s:]+))?';
const LINK = new RegExp(`^\\s*${NAME}\\s+${STATE}\\s+([0-9a-f:.]*)\\s*<([^>]*)>\\s*$`);
const ADDR = new RegExp(
  `^\\s*${NAME}\\s+${STATE}((?:\\s+[0-9a-f:.]+(?:/\\d+)?|\\s+peer|\\s+metric \\d+)*)\\s*$`,
);
const ONE_LINE = /^\s*(\d+): ([^\s:]+)\s+(inet6?) (\S.*)$/;

export const ipBriefAddr: Format = {
  id: 'ip-addr-br',
  command: 'ip -br addr',
  recognise: (text) => mostLines(text, ADDR),
  parse: (text) => parsed(text, true, addressLine),
};

export const ipBriefLink: Format = {
  id: 'ip-link-br',
  command: 'ip -br link',
  recognise: (text) => mostLines(text, LINK),
  parse: (text) => parsed(text, false, linkLine),
};

/** Links without an address aren't printed, of the others neither state nor anything else. */
export const ipOneLineAddr: Format = {
  id: 'ip-addr-o',
  command: 'ip -o addr',
  recognise: (text) => mostLines(text, ONE_LINE),
  parse(text) {
    const { content, issues } = parsed(text, true, oneLine);
    const said: Issue = {
      severity: 'warning',
      code: 'dump-lossy',
      text: 'ip -o addr prints addresses only: their interfaces are taken as up; `ip addr` tells',
      path: text.path,
    };
    return { content, issues: [said, ...issues] };
  },
};

type Reader = (line: string, links: Map<string, LinkDraft>, place: LinkDraft['span']) => boolean;

function parsed(text: DumpText, withAddresses: boolean, read: Reader): Parsed {
  const issues: Issue[] = [];
  const links = new Map<string, LinkDraft>();
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const span = { path: text.path, line: index + 1 };
    if (!read(line, links, span))
      issues.push(badLine(text.path, index + 1, line, 'a line of `ip -br` or `ip -o`'));
  });
  const down = [...links.values()].filter(
    ({ operstate, flags }) => withAddresses && operstate === 'DOWN' && flags.length > 0,
  );
  const [first] = down;
  if (first) {
    const names = down.map(({ name }) => name).join(', ');
    const said = `DOWN tells not whether ${names} is set down or has no carrier; taken for the latter, \`ip addr\` tells`;
    issues.push({ severity: 'warning', code: 'dump-lossy', text: said, ...first.span });
  }
  return { content: { kind: 'links', links: [...links.values()], withAddresses }, issues };
}

function addressLine(line: string, links: Map<string, LinkDraft>, span: LinkDraft['span']): boolean {
  const [, name = '', peer, state, rest = ''] = ADDR.exec(line) ?? [];
  if (state === undefined) return false;
  const link = draftLink(name, span);
  if (peer !== undefined) setPeer(link, peer);
  takeState(link, state);
  const words = new Words(rest);
  while (!words.done) {
    const word = words.next();
    if (word === 'peer' || word === 'metric') {
      words.next();
      continue;
    }
    const [text = '', length] = word.split('/');
    const address = parseIp(text);
    if (address === undefined || Number(length ?? 0) > bitsOf(familyOf(address))) return false;
    link.addresses.push(
      briefAddress(address, Number(length ?? bitsOf(familyOf(address))), link.addresses, span),
    );
  }
  links.set(name, link);
  return true;
}

function linkLine(line: string, links: Map<string, LinkDraft>, span: LinkDraft['span']): boolean {
  const [, name = '', peer, state, hardware = '', flags = ''] = LINK.exec(line) ?? [];
  if (state === undefined) return false;
  const link = draftLink(name, span);
  if (peer !== undefined) setPeer(link, peer);
  link.operstate = state;
  link.flags = flags.split(',').filter((flag) => flag !== '');
  const mac = parseMac(hardware);
  if (mac !== undefined && !link.flags.includes('LOOPBACK')) link.mac = mac;
  links.set(name, link);
  return true;
}

function oneLine(line: string, links: Map<string, LinkDraft>, span: LinkDraft['span']): boolean {
  const [, index, name = '', , rest = ''] = ONE_LINE.exec(line) ?? [];
  if (index === undefined) return false;
  const known = links.get(name);
  const link = known ?? draftLink(name, span);
  const address = parseInet(new Words(rest.split('\\')[0] ?? ''), name, span);
  if (!address) return false;
  if (!known) {
    link.index = Number(index);
    takeState(link, 'UP');
    delete link.operstate;
    link.inferred = true;
    links.set(name, link);
  }
  link.addresses.push(address);
  return true;
}
