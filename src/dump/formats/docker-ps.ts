/** `docker ps`, with or without --no-trunc, and `docker ps --format json`; podman's likes. */
import type { Issue } from '../../base/issue.ts';
import { parseIp } from '../../net/ip.ts';
import { asNumber, list, number, objects, text as textOf } from '../fields.ts';
import {
  badLine,
  type Format,
  firstLine,
  firstRecord,
  has,
  jsonIssues,
  jsonRecords,
  type Parsed,
} from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import type { ListedContainer, PublishedPort } from '../records.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES\b/;
const ID = /^\s*([0-9a-f]{12}(?:[0-9a-f]{52})?)\s/;
/** podman leaves out the quotes of the command. */
const STATUS =
  /\s(Up|Exited|Created|Restarting|Paused|Dead|Removal|Removing|Initialized|Stopped|Stopping|Configured)\b/;

export const dockerPs: Format = {
  id: 'docker-ps',
  command: 'docker ps --no-trunc',
  recognise: (text) => firstLine(text, HEADER),
  parse: parseTable,
};

function parseTable(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const containers: ListedContainer[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line)) return;
    const span = { path: text.path, line: index + 1 };
    const id = ID.exec(line)?.[1];
    const words = line.trim().split(/\s+/);
    // The status stands behind the command and when it was created: the last word that is one counts.
    const states = [...line.matchAll(new RegExp(STATUS.source, 'g'))];
    const status = states.at(-1)?.[1];
    if (id === undefined || status === undefined || words.length < 5) {
      issues.push(
        badLine(text.path, index + 1, line, 'a container: its id, image, command, status, ports and names'),
      );
      return;
    }
    const name =
      words
        .at(-1)
        ?.split(',')
        .find((each) => !each.includes('/')) ?? id.slice(0, 12);
    containers.push({
      id,
      name,
      image: words[1] ?? '',
      running: status === 'Up' || status === 'Paused',
      published: portsOf(line.slice(states.at(-1)?.index), span),
      span,
    });
  });
  return { content: { kind: 'container-list', containers }, issues };
}

const PORT =
  /(?:(\[[0-9a-f:]*\]|[\d.]+|:::?):)?(\d{1,5})(?:-(\d{1,5}))?->(\d{1,5})(?:-(\d{1,5}))?\/(tcp|udp|sctp)/g;

/** `0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 0.0.0.0:3000-3002->3000-3002/tcp`. */
function portsOf(text: string, span: PublishedPort['span']): PublishedPort[] {
  const ports = new Map<string, PublishedPort>();
  for (const [, host = '', first, last = first, inside, , protocol = ''] of text.matchAll(PORT)) {
    const address = parseIp(host.replace(/[[\]]/g, '').replace(/^:$/, '::'));
    const hostAddress = address === 0 || address === 0n ? undefined : address;
    for (let port = Number(first); port <= Math.min(Number(last), 65535); port++) {
      const containerPort = Number(inside) + port - Number(first);
      const key = `${protocol} ${hostAddress} ${port} ${containerPort}`;
      if (containerPort > 65535 || ports.has(key)) continue;
      ports.set(key, {
        protocol,
        containerPort,
        ...(hostAddress === undefined ? {} : { hostAddress }),
        hostPort: port,
        span,
      });
    }
  }
  return [...ports.values()];
}

export const dockerPsJson: Format = {
  id: 'docker-ps-json',
  command: 'docker ps --format json',
  recognise: (text) =>
    firstRecord(
      text,
      (record) =>
        (has(record, 'ID', 'Names', 'Ports') || has(record, 'Id', 'Names', 'Image')) &&
        !has(record, 'NetworkSettings'),
      'the id, names and ports of a container',
    ),
  parse(text) {
    const containers: ListedContainer[] = [];
    for (const record of jsonRecords(text)) {
      const id = textOf(record, 'ID') ?? textOf(record, 'Id');
      if (id === undefined) continue;
      const span = { path: text.path, line: lineOf(record) };
      const state = textOf(record, 'State') ?? textOf(record, 'Status') ?? '';
      const pid = number(record, 'Pid');
      containers.push({
        id,
        name: nameOf(record) ?? id.slice(0, 12),
        image: textOf(record, 'Image') ?? '',
        running: /^(?:running|paused|up)\b/i.test(state),
        ...(pid === undefined || pid === 0 ? {} : { pid }),
        published:
          typeof record.Ports === 'string' ? portsOf(record.Ports, span) : listedPorts(record, text.path),
        span,
      });
    }
    return { content: { kind: 'container-list', containers }, issues: jsonIssues(text) };
  },
};

function nameOf(record: JsonObject): string | undefined {
  const names = typeof record.Names === 'string' ? record.Names.split(',') : list(record, 'Names');
  const name = names.find((each) => typeof each === 'string' && !each.replace(/^\//, '').includes('/'));
  return typeof name === 'string' ? name.replace(/^\//, '') : undefined;
}

/** podman: `[{"host_ip": "", "container_port": 80, "host_port": 8080, "range": 1, "protocol": "tcp"}]`. */
function listedPorts(record: JsonObject, path: string): PublishedPort[] {
  return objects(list(record, 'Ports')).flatMap((port) => {
    const [inside, outside] = [number(port, 'container_port'), number(port, 'host_port')];
    if (inside === undefined || outside === undefined) return [];
    const address = parseIp(textOf(port, 'host_ip') ?? '');
    const hostAddress = address === 0 || address === 0n ? undefined : address;
    const count = Math.min(asNumber(port.range) ?? 1, 65536 - Math.max(inside, outside));
    return Array.from({ length: Math.max(0, count) }, (_, i) => ({
      protocol: textOf(port, 'protocol') ?? 'tcp',
      containerPort: inside + i,
      ...(hostAddress === undefined ? {} : { hostAddress }),
      hostPort: outside + i,
      span: { path, line: lineOf(port) },
    }));
  });
}
