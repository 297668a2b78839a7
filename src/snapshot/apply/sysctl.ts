/**
 * sysctl(8) and its effects: devinet_sysctl_forward() and inet_forward_change(), net/ipv4/devinet.c;
 * addrconf_fixup_forwarding(), net/ipv6/addrconf.c.
 */
import type { Span } from '../../base/span.ts';
import type { Sysctl } from '../../dump/records.ts';
import type { Netns } from '../snapshot.ts';
import { canonicalSysctl, sysctl, sysctlInterface } from '../sysctl.ts';
import { noInterface, type Problem, problem } from './words.ts';

export function applySysctl(netns: Netns, words: readonly string[], span: Span): Netns | Problem {
  const assignments: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word === '-p' || word === '--load' || word === '--system' || word.startsWith('-p')) {
      return problem('settings from a file are not applied, name them with sysctl -w');
    }
    if (word.startsWith('-')) continue;
    // `sysctl -w key = value`, as people copy it from sysctl's own output.
    if (word === '=') {
      const [key, value] = [assignments.pop(), words[index + 1]];
      if (key === undefined || value === undefined) return problem('a setting needs the form NAME=VALUE');
      assignments.push(`${key}=${value}`);
    } else if (words[index - 1] !== '=') assignments.push(word);
  }
  if (assignments.length === 0) return problem('nothing to set');
  let current: Netns = netns;
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 0) return problem(`${assignment} only shows a setting; write ${assignment}=VALUE`);
    const next = setSysctl(current, assignment.slice(0, equals), assignment.slice(equals + 1), span);
    if ('problem' in next) return next;
    current = next;
  }
  return current;
}

/** Sets one value and what the kernel sets along with it. */
export function setSysctl(netns: Netns, name: string, text: string, span: Span): Netns | Problem {
  const key = canonicalSysctl(name);
  const value = text.trim();
  if (!/^net\./.test(key)) return problem(`${key} is no setting of the network`);
  const device = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(key)?.[1];
  if (device !== undefined && !hasDevice(netns, device)) return noInterface(device);
  if (sysctl(netns, key) === undefined && isWhole(netns)) return problem(`the kernel has no setting ${key}`);
  if (
    /\.(forwarding|ip_forward|rp_filter|route_localnet|accept_local|disable_ipv6)$/.test(key) &&
    !/^-?\d+$/.test(value)
  ) {
    return problem(`${key} takes a number, not ${JSON.stringify(value)}`);
  }
  const values = new Map<string, Sysctl>(netns.sysctls);
  const before = sysctl(netns, key);
  const set = (other: string, to = value): void => {
    values.set(other, { value: to, span });
  };
  set(key);
  if (key === 'net.ipv4.ip_forward' || key === 'net.ipv4.conf.all.forwarding') {
    set('net.ipv4.ip_forward');
    set('net.ipv4.conf.all.forwarding');
    // Writing the value it has already changes nothing else: an interface that was set apart stays so.
    if (Number(before?.value) !== Number(value)) {
      set('net.ipv4.conf.all.accept_redirects', Number(value) === 0 ? '1' : '0');
      for (const each of devices(netns, values, 'ipv4')) set(`net.ipv4.conf.${each}.forwarding`);
    }
  }
  if (key === 'net.ipv6.conf.all.forwarding' || key === 'net.ipv6.conf.all.disable_ipv6') {
    const leaf = key.slice(key.lastIndexOf('.') + 1);
    for (const each of devices(netns, values, 'ipv6')) set(`net.ipv6.conf.${each}.${leaf}`);
  }
  return { ...netns, sysctls: values };
}

function hasDevice(netns: Netns, device: string): boolean {
  if (device === 'all' || device === 'default' || !netns.links) return true;
  return netns.links.some((link) => sysctlInterface(link.name) === device);
}

function devices(netns: Netns, values: ReadonlyMap<string, Sysctl>, family: 'ipv4' | 'ipv6'): Set<string> {
  const found = new Set(['default', ...(netns.links ?? []).map((link) => sysctlInterface(link.name))]);
  for (const key of values.keys()) {
    const device = key.startsWith(`net.${family}.conf.`) ? key.split('.')[3] : undefined;
    if (device !== undefined && device !== 'all') found.add(device);
  }
  return found;
}

/** A dump of everything: a name outside it does not exist. */
function isWhole(netns: Netns): boolean {
  return (netns.sysctls?.size ?? 0) > 200;
}
