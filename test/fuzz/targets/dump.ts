import { FORMATS } from '../../../src/dump/formats.ts';
import { printDump } from '../../../src/dump/print.ts';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import { prepareText } from '../../../src/dump/text.ts';
import { same } from '../check.ts';
import { DUMPS } from '../dumps.ts';
import { textsOf } from '../seeds.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'dump',
  about: 'outputs of commands: recognised by content, read by every format, printed, and read again',
  seeds: () => [...textsOf('test/dump/recorded', /./, 1500), ...DUMPS],
  words: FORMATS().map(({ command }) => command),
  run(text) {
    const dump = recogniseDump('x', text);
    const printed = dump && printDump(dump.content);
    if (printed !== undefined && dump?.issues.length === 0) {
      const again = recogniseDump('x', printed, dump.command);
      if (again?.format === dump.format)
        same(`${dump.format}, printed and read`, printDump(again.content), printed);
    }
    const prepared = prepareText('x', text.slice(0, 600));
    for (const format of FORMATS()) printDump(format.parse(prepared).content);
  },
});
