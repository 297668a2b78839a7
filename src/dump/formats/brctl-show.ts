/** `brctl show`: bridge-utils' list of bridges and their ports. */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*bridge name\s+bridge id\s+STP enabled\s+interfaces/;
const BRIDGE =
  /^(\S+)\s+(?:[0-9a-fA-F]{4}\.[0-9a-fA-F]{12}|can't get info \S.*)(?:\s+(yes|no|\S+))?(?:\s+(\S+))?\s*$/;

export const brctlShow: Format = {
  id: 'brctl-show',
  command: 'brctl show',
  recognise: (text) => firstLine(text, HEADER),
  parse: parseBridges,
};

interface Bridge {
  readonly name: string;
  readonly ports: string[];
  readonly stp?: boolean;
  readonly line: number;
}

function parseBridges(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const bridges: Bridge[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line)) return;
    const match = BRIDGE.exec(line);
    const port = /^\s+(\S+)\s*$/.exec(line)?.[1];
    const last = bridges.at(-1);
    if (match) {
      const [, name = '', stp, first] = match;
      bridges.push({
        name,
        ports: first === undefined ? [] : [first],
        ...(stp === undefined ? {} : { stp: stp === 'yes' }),
        line: index + 1,
      });
    } else if (port !== undefined && last) last.ports.push(port);
    else issues.push(badLine(text.path, index + 1, line, 'a bridge: `br0  8000.0242ac110001  no  veth1`'));
  });
  return { content: { kind: 'bridges', bridges }, issues };
}
