import type { Span } from '../base/span.ts';
import { KERNEL_SYSCTLS } from './kernel-defaults.ts';
import type { Netns } from './snapshot.ts';

export interface SysctlValue {
  readonly value: string;
  readonly span?: Span;
  /** Not dumped: why this value is taken, worded to stand after "assumed: ". */
  readonly assumed?: string;
}

/**
 * A setting of a namespace: dumped, implied by another that was dumped, or the kernel's default. Undefined when none of
 * them says. `all` and the interface's own value are separate names here; combining them (max, or, and) is the caller's.
 */
export function sysctl(netns: Netns, name: string): SysctlValue | undefined {
  const canonical = canonicalSysctl(name);
  const dumped = netns.sysctls?.get(canonical);
  if (dumped) return { value: dumped.value, span: dumped.span };
  for (const alias of aliasesOf(canonical)) {
    const entry = netns.sysctls?.get(alias);
    if (entry) return { value: entry.value, span: entry.span };
  }
  const atBoot = bootValue(netns, canonical);
  if (atBoot) return atBoot;
  const conf = /^net\.(ipv[46])\.(conf)\.([^.]+)\.(.+)$/.exec(canonical);
  if (conf) return perInterface(netns, conf[1] ?? '', conf[2] ?? '', conf[3] ?? '', conf[4] ?? '');
  if (canonical.startsWith('net.bridge.bridge-nf-')) return bridgeNetfilter(netns, canonical);
  const value = KERNEL_SYSCTLS().get(canonical);
  return value === undefined ? undefined : { value, assumed: `kernel default of ${canonical}` };
}

/** Files that are read at boot tell what is meant to stand, where nobody dumped what does. */
function bootValue(netns: Netns, canonical: string): SysctlValue | undefined {
  const names = [canonical, ...aliasesOf(canonical)];
  for (const name of names) {
    const entry = netns.bootSysctls?.get(name);
    if (!entry || isWhole(netns)) continue;
    const assumed = `${entry.span.path} sets ${name} at boot; whether it stands \`sysctl ${name}\` tells`;
    return { value: entry.value, span: entry.span, assumed };
  }
  return undefined;
}

/** `sysctl -a`: what it lacks isn't there. */
function isWhole(netns: Netns): boolean {
  const names = netns.sysctls ? [...netns.sysctls.keys()] : [];
  return names.length > 100 && names.some((name) => name.startsWith('net.core.'));
}

/** `sysctl(8)` accepts `/` and `.` both ways; an interface's own dots are printed as `/` (`conf.eth0/100.forwarding`). */
export function canonicalSysctl(name: string): string {
  const trimmed = name.trim().replace(/^\/proc\/sys\//, '');
  const slash = trimmed.indexOf('/');
  const dot = trimmed.indexOf('.');
  if (slash < 0 || (dot >= 0 && dot < slash)) return trimmed;
  return trimmed.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}

/** The name of an interface inside a sysctl's: its dots become slashes. */
export function sysctlInterface(name: string): string {
  return name.replaceAll('.', '/');
}

function aliasesOf(name: string): readonly string[] {
  if (name === 'net.ipv4.ip_forward') return ['net.ipv4.conf.all.forwarding'];
  if (name === 'net.ipv4.conf.all.forwarding') return ['net.ipv4.ip_forward'];
  return [];
}

/**
 * devinet_copy_dflt_conf(), inet_forward_change(): writing `all.forwarding` (or ip_forward) writes every interface's; any
 * other setting an interface takes from `default` when it is made.
 */
function perInterface(
  netns: Netns,
  family: string,
  group: string,
  device: string,
  leaf: string,
): SysctlValue | undefined {
  const prefix = `net.${family}.${group}`;
  if (device !== 'all' && leaf === 'forwarding') {
    const all = sysctl(netns, `${prefix}.all.forwarding`);
    if (all && !all.assumed) return { ...all, assumed: `${prefix}.all.forwarding sets every interface's` };
  }
  if (device !== 'all' && device !== 'default') {
    const inherited = netns.sysctls?.get(`${prefix}.default.${leaf}`);
    if (inherited) {
      return {
        value: inherited.value,
        span: inherited.span,
        assumed: `taken from ${prefix}.default.${leaf}`,
      };
    }
    const atBoot = bootValue(netns, `${prefix}.default.${leaf}`);
    if (atBoot) return atBoot;
  }
  const value = KERNEL_SYSCTLS().get(`${prefix}.*.${leaf}`);
  if (value === undefined) return undefined;
  return { value, assumed: `kernel default of ${prefix}.${device}.${leaf}` };
}

/** These exist only while br_netfilter is loaded; a dump of the whole of net.* that lacks them says that it isn't. */
function bridgeNetfilter(netns: Netns, name: string): SysctlValue | undefined {
  const value = KERNEL_SYSCTLS().get(name);
  if (value === undefined) return undefined;
  const names = netns.sysctls ? [...netns.sysctls.keys()] : [];
  if (names.some((other) => other.startsWith('net.bridge.'))) {
    return { value, assumed: `kernel default of ${name}` };
  }
  return {
    value: '0',
    assumed: isWhole(netns)
      ? 'br_netfilter is not loaded: the dump has no net.bridge.*'
      : `${name} was not dumped; br_netfilter is taken to be not loaded`,
  };
}
