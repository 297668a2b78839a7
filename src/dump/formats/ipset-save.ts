/** `ipset save`, `ipset list -o save`, and files for `ipset restore`: ipset_session_list(), lib/session.c of ipset. */
import { splitWords } from '../../ipset/words.ts';
import { because, type Format, type Parsed, sample } from '../format.ts';
import { SetReader } from '../ipset-reader.ts';
import type { DumpText } from '../text.ts';

const CREATE =
  /^\s*(?:ipset\s+)?(?:-!\s+|-exist\s+)?(?:create|-N|--create)\s+(?:-exist\s+|-!\s+)?\S.{0,40}?\s(?:hash|bitmap|list):\S/;
const LINE =
  /^\s*(?:ipset\s+)?(?:-!\s+|-exist\s+)?(?:create|add|flush|destroy|COMMIT|-[NAFX]|--create|--add)\b|^\s*#/;

export const ipsetSave: Format = {
  id: 'ipset-save',
  command: 'ipset save',
  recognise,
  parse: parseSets,
};

function recognise(text: DumpText): string | undefined {
  let why: string | undefined;
  let known = 0;
  let seen = 0;
  for (const { line, number } of sample(text)) {
    seen++;
    if (LINE.test(line)) known++;
    if (CREATE.test(line)) why ??= because(number, line);
  }
  return known * 2 >= seen ? why : undefined;
}

function parseSets(text: DumpText): Parsed {
  const reader = new SetReader(text.path);
  text.lines.forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed === 'COMMIT') return;
    const words = splitWords(trimmed)?.filter(
      (word) => word !== '-exist' && word !== '-!' && word !== '--exist',
    );
    if (words?.[0] === 'ipset') words.shift();
    const [command = '', name = '', ...rest] = words ?? [];
    if (/^(?:create|-N|--create)$/.test(command)) reader.create(name, rest, index + 1, line, true);
    else if (/^(?:add|-A|--add)$/.test(command)) reader.add(name, rest, index + 1, line);
    else if (!/^(?:flush|destroy|-F|-X)$/.test(command)) {
      reader.flag(index + 1, line, 'expected `create SET TYPE …` or `add SET ELEMENT …`');
    }
  });
  return { content: { kind: 'ipsets', sets: reader.sets }, issues: reader.issues };
}
