/**
 * The text of `bridge link`, with or without -d: iproute2 bridge/link.c. The name behind `@` is looked up in the wrong namespace
 * when a veth's peer is in another one; only a number there (`@if5`) is kept.
 */
import type { Issue } from '../../base/issue.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { draftLink, type LinkDraft, setPeer, takePortWord } from '../link-record.ts';
import type { Link } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

/** `5: veth1@if4: <…> mtu 1500 master br0 state forwarding …`; older: `5: veth1 state UP @if4: <…> mtu …`. */
const HEADER = /^\s*(\d+): ([^\s:@]+)(?: state [A-Z]+)?(?: ?@([^\s:]+))?(?: ?:)? <([^>]*)> ?(.*)$/;
const PORT =
  /^\s*\d+: .*<[^>]*> mtu \d+ (?:master \S+ )?(?:state (?:disabled|listening|learning|forwarding|blocking) |hwmode )/;

/** Below a port's line; one that tells an MTU was that of another. */
const MORE = /^\s*[a-z][a-z_0-9]*(?=\s|$)(?!.* mtu \d)/;

export const bridgeLink: Format = {
  id: 'bridge-link',
  command: 'bridge link',
  recognise: (text) => firstLine(text, PORT),
  parse: parsePorts,
};

function parsePorts(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const ports: Link[] = [];
  let link: LinkDraft | undefined;
  /** What lines below its first begin with; one that does so again belongs to a port whose line is missing. */
  const begun = new Set<string>();
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const header = HEADER.exec(line);
    if (header) {
      const [, number, name = '', peer, flags = '', rest = ''] = header;
      link = draftLink(name, { path: text.path, line: index + 1 });
      link.index = Number(number);
      link.flags = flags.split(',').filter((flag) => flag !== '');
      if (peer !== undefined && /^if\d+$/.test(peer)) setPeer(link, peer);
      link.port = { span: link.span };
      takeWords(link, new Words(rest));
      ports.push(link);
      begun.clear();
    } else if (link && MORE.test(line) && !begun.has(firstWord(line))) {
      begun.add(firstWord(line));
      takeWords(link, new Words(line));
    } else {
      link = undefined;
      issues.push(
        badLine(
          text.path,
          index + 1,
          line,
          'a port: `5: veth1@if4: <…> mtu 1500 master br0 state forwarding`',
        ),
      );
    }
  });
  return { content: { kind: 'bridge-ports', ports }, issues };
}

function firstWord(line: string): string {
  return new Words(line).peek() ?? '';
}

function takeWords(link: LinkDraft, words: Words): void {
  const port = link.port ?? { span: link.span };
  while (!words.done) {
    const word = words.next();
    if (word === 'mtu') link.mtu = parseNumber(words.next()) ?? link.mtu ?? 0;
    else if (word === 'master') words.value((name) => (link.master = name));
    else takePortWord(port, word, words);
  }
}
