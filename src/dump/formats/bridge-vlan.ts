/** `bridge vlan`, text and JSON: iproute2 bridge/vlan.c. */
import type { Issue } from '../../base/issue.ts';
import type { Span } from '../../base/span.ts';
import { list, number, objects, text, texts } from '../fields.ts';
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
import { isObject, type JsonObject, type JsonValue, lineOf } from '../json.ts';
import type { BridgeVlan } from '../records.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*port\s+vlan(?:-id|s? ids?)\b/;
/** A port's name or none, then a VLAN or a range of them, then flags. */
const LINE = /^(\S+)?\s+(\d+)(?:-(\d+))?((?:\s+(?:PVID|Egress|Untagged|untagged))*)\s*$/;

export const bridgeVlan: Format = {
  id: 'bridge-vlan',
  command: 'bridge vlan',
  recognise: (source) => firstLine(source, HEADER),
  parse: parseLines,
};

export const bridgeVlanJson: Format = {
  id: 'bridge-vlan-json',
  command: 'bridge -j vlan',
  recognise: (source) =>
    firstRecord(
      source,
      (record) => has(record, 'ifname', 'vlans') || Object.values(record).every(isVlanList),
      '`ifname` and `vlans`',
    ),
  parse: parseRecords,
};

const MAX_VID = 4095;
/** Ranges of a hostile dump could name more VLANs than memory holds. */
const MAX_ENTRIES = 1_000_000;

/** Adds the VLANs of a range; those beyond the limit are not added, which the issue says. */
class Vlans {
  readonly list: BridgeVlan[] = [];
  readonly issues: Issue[] = [];

  add(dev: string, first: number, last: number, flags: readonly string[], span: Span): void {
    const pvid = flags.includes('PVID');
    const untagged = flags.some((flag) => /untagged/i.test(flag));
    for (let vid = first; vid <= Math.min(last, MAX_VID); vid++) {
      if (this.list.length >= MAX_ENTRIES) {
        this.#full(span);
        return;
      }
      this.list.push({ dev, vid, pvid, untagged, span });
    }
  }

  #full(span: Span): void {
    if (this.issues.some(({ code }) => code === 'dump-limit')) return;
    const text = `more than ${MAX_ENTRIES} VLANs; this and what follows was left out`;
    this.issues.push({ severity: 'warning', code: 'dump-limit', text, ...span });
  }
}

function parseLines(source: DumpText): Parsed {
  const vlans = new Vlans();
  let dev: string | undefined;
  source.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line)) return;
    const match = LINE.exec(line);
    const none = /^(\S+)\s+None\s*$/.exec(line);
    const name = /^(\S+)\s*$/.exec(line);
    dev = match?.[1] ?? none?.[1] ?? name?.[1] ?? dev;
    if (match && dev !== undefined) {
      const first = Number(match[2]);
      const flags = (match[4] ?? '').split(/\s+/);
      vlans.add(dev, first, Number(match[3] ?? first), flags, { path: source.path, line: index + 1 });
    } else if (!none && !name && !/^\s+(?:state|mcast_router|RX|TX|\d+ |mcast)/.test(line)) {
      vlans.issues.push(
        badLine(source.path, index + 1, line, 'a VLAN of a port: `veth1  10 PVID Egress Untagged`'),
      );
    }
  });
  return { content: { kind: 'bridge-vlans', vlans: vlans.list }, issues: vlans.issues };
}

function isVlanList(value: JsonValue): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => isObject(item) && has(item, 'vlan'))
  );
}

/** `[{"ifname": "veth1", "vlans": [{"vlan": 1, "flags": ["PVID"]}]}]`; before iproute2 4.20 an object by port. */
function parseRecords(source: DumpText): Parsed {
  const vlans = new Vlans();
  const add = (dev: string, items: readonly JsonObject[]) => {
    for (const item of items) {
      const first = number(item, 'vlan');
      if (first === undefined) continue;
      const span = { path: source.path, line: lineOf(item) };
      vlans.add(dev, first, number(item, 'vlanEnd') ?? first, texts(item, 'flags'), span);
    }
  };
  for (const record of jsonRecords(source)) {
    const dev = text(record, 'ifname');
    if (dev !== undefined) add(dev, objects(list(record, 'vlans')));
    else for (const port of Object.keys(record)) add(port, objects(list(record, port)));
  }
  const issues = [...jsonIssues(source), ...vlans.issues];
  return { content: { kind: 'bridge-vlans', vlans: vlans.list }, issues };
}
