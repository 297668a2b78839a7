/** /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf: resolv.conf(5), hosts(5), nsswitch.conf(5). */
import type { Issue } from '../../base/issue.ts';
import { parseIp } from '../../net/ip.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import type { Resolver } from '../records.ts';
import type { DumpText } from '../text.ts';

const COMMENT = /^\s*[#;]/;

export const resolvConf: Format = {
  id: 'resolv-conf',
  command: 'cat /etc/resolv.conf',
  recognise: (text) => mostLines(text, /^\s*(?:nameserver|search|domain|options|sortlist)\s+\S/, COMMENT),
  parse: parseResolvConf,
};

function parseResolvConf(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const resolver: Resolver = { nameservers: [] };
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || COMMENT.test(line)) return;
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') {
      const address = parseIp(values[0] ?? '');
      if (address !== undefined)
        resolver.nameservers?.push({ address, span: { path: text.path, line: index + 1 } });
      else issues.push(badLine(text.path, index + 1, line, 'an address behind `nameserver`'));
    } else if (keyword === 'search' || keyword === 'domain')
      resolver.search = values.filter((value) => value !== '');
    else if (keyword !== 'options' && keyword !== 'sortlist') {
      issues.push(
        badLine(text.path, index + 1, line, '`nameserver`, `search`, `domain`, `options` or `sortlist`'),
      );
    }
  });
  return { content: { kind: 'resolver', resolver }, issues };
}

/** An address and names; words that other dumps have behind an address are no names here. */
const HOST =
  /^\s*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*(?<!^\s*\d+:)(?:%\w+)?)\s+(?!(?:dev|via|proto|scope|src|metric|lladdr|ether|table|to|from|lookup|fwmark)\s)[A-Za-z0-9_.*-]+(?:\s+[A-Za-z0-9_.*-]+)*\s*(?:#.*)?$/;

export const hosts: Format = {
  id: 'hosts',
  command: 'cat /etc/hosts',
  recognise: (text) => mostLines(text, HOST, COMMENT),
  parse: parseHosts,
};

function parseHosts(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const entries: NonNullable<Resolver['hosts']> = [];
  text.lines.forEach((line, index) => {
    const [body = ''] = line.split('#', 1);
    const [first, ...names] = body.trim().split(/\s+/);
    if (first === undefined || first === '') return;
    const address = parseIp(first);
    if (address !== undefined && names.length > 0) {
      entries.push({ address, names, span: { path: text.path, line: index + 1 } });
    } else issues.push(badLine(text.path, index + 1, line, 'an address and its names: `10.0.0.5 db`'));
  });
  return { content: { kind: 'resolver', resolver: { hosts: entries } }, issues };
}

const DATABASE =
  /^\s*(?:aliases|automount|bootparams|ethers|group|gshadow|hosts|initgroups|netgroup|netmasks|networks|passwd|protocols|publickey|rpc|services|shadow|subid|sudoers)\s*:/;

export const nsswitchConf: Format = {
  id: 'nsswitch-conf',
  command: 'cat /etc/nsswitch.conf',
  recognise: (text) => mostLines(text, DATABASE, COMMENT),
  parse: parseNsswitch,
};

function parseNsswitch(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const resolver: Resolver = {};
  text.lines.forEach((line, index) => {
    const [body = ''] = line.split('#', 1);
    if (body.trim() === '') return;
    const match = /^\s*(\w+)\s*:(.*)$/.exec(body);
    if (!match)
      issues.push(badLine(text.path, index + 1, line, 'a database and its services: `hosts: files dns`'));
    else if (match[1] === 'hosts') {
      const services = (match[2] ?? '')
        .trim()
        .split(/\s+/)
        .filter((service) => service !== '');
      resolver.order = { services, span: { path: text.path, line: index + 1 } };
    }
  });
  return { content: { kind: 'resolver', resolver }, issues };
}
