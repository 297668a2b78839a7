/** A whole bundle redacted: what stands for what is the same in all of its files, and is forgotten afterwards with the key. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Issue } from '../../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../../base/limits.ts';
import { unreadable, walkDirectory } from '../../input/directory.ts';
import { withoutSecrets } from '../engines.ts';
import { Addresses, type Key } from './addresses.ts';
import { learnCapture, redactCapture } from './captures.ts';
import { Names } from './names.ts';
import type { PacketRedactor } from './packet.ts';
import { Redactor } from './text.ts';

/** What the manifest says of it. */
export const REDACTED = 'public addresses, names of hosts, containers and domains, what packets carry';

interface BundleFile {
  /** Where it is, and its path in the bundle. */
  readonly path: string;
  readonly name: string;
  readonly text?: string;
}

/** `from` is left alone; `to` is made. A file that is neither text nor a capture is left out, and said. */
export async function redactBundle(
  from: string,
  to: string,
  key: Key,
  limits: InputLimits = DEFAULT_LIMITS,
): Promise<readonly Issue[]> {
  const { files: found, issues } = walkDirectory(from, limits);
  const addresses = new Addresses(key);
  const names = new Names((text) => addresses.hash(text));
  const redactor = new Redactor(addresses, names);
  const packets: PacketRedactor = { addresses, names, key, limits };
  const files = found.flatMap(({ path, name }): BundleFile[] => {
    try {
      const text = textOf(readFileSync(path));
      return [{ path, name, ...(text === undefined ? {} : { text }) }];
    } catch (error) {
      const issue = unreadable(name, error);
      issues.push({ ...issue, text: `${issue.text}; left out` });
      return [];
    }
  });
  for (const { path, name, text } of files) {
    if (text === undefined) await learnCapture(path, packets);
    else learnFile(name, text, redactor);
  }
  for (const { path, name, text } of files) {
    const target = join(to, redactedPath(name, names));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    if (text !== undefined) {
      writeFileSync(target, redactedText(name, text, redactor), { mode: 0o600, flag: 'wx' });
    } else if ((await redactCapture(path, target, packets)) === undefined) {
      rmSync(target, { force: true });
      issues.push({
        severity: 'warning',
        code: 'not-redacted',
        text: 'neither text nor a capture; left out',
        path: name,
      });
    }
  }
  return issues;
}

/** Undefined: it is no text. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, 4096).includes(0) || (bytes[0] === 0x1f && bytes[1] === 0x8b)) return undefined;
  return Buffer.from(bytes).toString('utf8');
}

/** Of what lies elsewhere, the whole name may be somebody's. */
const LAYOUT = /^(?:(?:namespaces|captures|traces|docker)\/|manifest\.json$|processes\.txt$)/;

/** `namespaces/web/…`, `captures/web/br-web.pcap`: folders are called as namespaces, captures as interfaces. */
function redactedPath(name: string, names: Names): string {
  const [top = '', space, ...rest] = name.split('/');
  if (!LAYOUT.test(name)) return names.in(name);
  if (space === undefined || rest.length === 0) return name;
  const inner = rest.join('/');
  return [top, space === 'host' ? space : names.in(space), top === 'captures' ? names.in(inner) : inner].join(
    '/',
  );
}

function learnFile(name: string, text: string, redactor: Redactor): void {
  redactor.learn(text);
  for (const each of namesIn(name, text)) redactor.names.learn(each);
}

/** Names that a file tells as such. */
export function namesIn(path: string, text: string): string[] {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const [top, space = ''] = path.split('/');
  // What was named by a process is no name that anybody gave.
  const own = top === 'namespaces' && space !== 'host' && !/-\d+$/.test(space) ? [space] : [];
  if (base === 'manifest.json') return [...own, ...keyed(text, /"(?:host|container)":\s*"([^"]*)"/g)];
  if (/^(?:podman-)?containers.*json$/.test(base))
    return [
      ...own,
      ...keyed(
        text,
        /"(?:Name|Hostname|Domainname|Image|ImageName|NetworkMode|HostName)":\s*"(?!sha256:)([^"]*)"/g,
      ),
      ...listed(text, /"(?:Aliases|DNSNames|ExtraHosts|DnsSearch|Links|Names)":\s*\[([^\]]*)\]/g),
      ...networksOf(text),
    ];
  if (/^(?:podman-)?networks.*json$/.test(base)) return [...own, ...keyed(text, /"[Nn]ame":\s*"([^"]*)"/g)];
  if (base === 'hosts') {
    return text.split('\n').flatMap((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1));
  }
  if (base === 'resolv.conf') return [...own, ...keyed(text, /^\s*(?:search|domain)\s+(.*)$/gm)];
  if (base.startsWith('ip-netns'))
    return [...own, ...keyed(text, /"name":\s*"([^"]*)"/g), ...keyed(text, /^(\S+) \(id: \d+\)/gm)];
  return own;
}

/** Networks are keys: `"Networks": {"shop": {…}}`. */
function networksOf(text: string): string[] {
  let records: unknown;
  try {
    records = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(records)) return [];
  return records.flatMap((record: { NetworkSettings?: { Networks?: unknown } } | null) => {
    const networks = record?.NetworkSettings?.Networks;
    return typeof networks === 'object' && networks !== null ? Object.keys(networks) : [];
  });
}

function keyed(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, value = '']) => value);
}

/** Strings of a list in JSON. */
function listed(text: string, pattern: RegExp): string[] {
  return keyed(text, pattern).flatMap((list) => keyed(list, /"([^"]*)"/g));
}

export function redactedText(path: string, text: string, redactor: Redactor): string {
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (base === 'manifest.json') return redactedManifest(text, redactor);
  if (path.startsWith('docker/')) return redactor.text(inspected(text));
  if (/^processes|^ps\b/.test(base)) return redactor.text(withoutArguments(text));
  if (base === 'hosts' || base === 'resolv.conf') return redactor.text(text.replace(/^\s*[#;].*\n?/gm, ''));
  return redactor.text(redactor.hex(base, text));
}

/** Also of a bundle that was not gathered here. */
function inspected(text: string): string {
  try {
    return `${JSON.stringify(JSON.parse(text), withoutSecrets, 4)}\n`;
  } catch {
    return text;
  }
}

/** docker-proxy's tell what it publishes; those of others may tell anything. */
function withoutArguments(text: string): string {
  const [head = '', ...lines] = text.split('\n');
  const columns = head.trim().split(/\s+/).length;
  const command = new RegExp(`^(\\s*(?:\\S+\\s+){${Math.max(0, columns - 1)}})(\\S+)(.*)$`);
  return [
    head,
    ...lines.map((line) =>
      line.replace(command, (whole, front, program) =>
        /docker-proxy$/.test(program) ? whole : `${front}${program}`,
      ),
    ),
  ].join('\n');
}

function redactedManifest(text: string, redactor: Redactor): string {
  const { names } = redactor;
  let manifest: Record<string, unknown>;
  try {
    manifest = JSON.parse(text);
  } catch {
    return redactor.text(text);
  }
  const { format, kernel, tools, collector, files, ...rest } = manifest;
  const listedFiles = Array.isArray(files) ? (files as { path?: unknown }[]) : [];
  const result = {
    format,
    ...(JSON.parse(redactor.text(JSON.stringify(rest))) as object),
    ...(collector === undefined ? {} : { collector }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(tools === undefined ? {} : { tools }),
    files: listedFiles.map((file) => ({
      ...(JSON.parse(redactor.text(JSON.stringify(file))) as object),
      path: redactedPath(String(file.path ?? ''), names),
    })),
    redacted: REDACTED,
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}
