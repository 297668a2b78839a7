/** bpf_mt(), net/netfilter/xt_bpf.c: a classic BPF program on the packet from its IP header on. */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { decidedExcept, defineMatch, refuse, type Value } from '../extension.ts';
import { listedOption, listedParts } from '../listing.ts';
import { quote, quoteAlways } from '../tokens.ts';
import { type Instruction, programProblem, runProgram } from '../values/bpf.ts';
import { readNumber } from '../values/number.ts';
import { name } from '../values/text.ts';

type BpfInfo =
  | { readonly kind: 'code'; readonly program: readonly Instruction[] }
  | { readonly kind: 'pinned'; readonly path: string };

const MOST_INSTRUCTIONS = 64;

/** `COUNT,code jt jf k,code jt jf k …`, as nfbpf_compile and tcpdump -ddd write it. */
const bytecode: Value<readonly Instruction[]> = {
  words: 1,
  expected: `a program "COUNT,code jt jf k,…" of at most ${MOST_INSTRUCTIONS} valid instructions`,
  read([text = '']) {
    const [count = '', ...lines] = text.trim().replace(/,\s*$/, '').split(',');
    if (readNumber(count.trim(), MOST_INSTRUCTIONS) !== lines.length || lines.length === 0) return undefined;
    const program: Instruction[] = [];
    for (const line of lines) {
      const [code, jumpTrue, jumpFalse, k, more] = line
        .trim()
        .split(/\s+/)
        .map((word, i) => readNumber(word, i === 0 ? 0xffff : i < 3 ? 0xff : 0xffffffff));
      if (
        code === undefined ||
        jumpTrue === undefined ||
        jumpFalse === undefined ||
        k === undefined ||
        more !== undefined
      ) {
        return undefined;
      }
      program.push({ code, jumpTrue, jumpFalse, k });
    }
    return programProblem(program) === undefined ? program : undefined;
  },
};

export const bpf = lazily(() =>
  defineMatch({
    name: 'bpf',
    support: decidedExcept('--object-pinned: the program is in no dump'),
    options: {
      bytecode: { value: bytecode, excludes: ['object-pinned'] },
      'object-pinned': { value: name(511, 'a path'), excludes: ['bytecode'] },
    },
    oneOf: [['bytecode', 'object-pinned']],
    listing: () =>
      listedParts([
        [
          /match bpf (?<v>\d+ \d+ \d+ \d+(?:,\d+ \d+ \d+ \d+)*)/,
          ({ v = '' }) => [listedOption('bytecode', `${v.split(',').length},${v}`)],
        ],
        [/match bpf pinned (?<v>\S+)/, 'object-pinned'],
      ]),
    build(args) {
      if (args.bytecode) return { kind: 'code', program: args.bytecode.value } satisfies BpfInfo;
      const path = args['object-pinned']?.value;
      return path === undefined
        ? refuse('a program is missing')
        : ({ kind: 'pinned', path } satisfies BpfInfo);
    },
    print: (info: BpfInfo) =>
      info.kind === 'pinned'
        ? [`--object-pinned ${quote(info.path)}`]
        : [
            `--bytecode ${quoteAlways(
              [
                info.program.length,
                ...info.program.map((i) => `${i.code} ${i.jumpTrue} ${i.jumpFalse} ${i.k}`),
              ].join(','),
            )}`,
          ],
    match(info: BpfInfo, { skb }) {
      if (info.kind === 'pinned') return unknown(`what the BPF program pinned at ${info.path} says`);
      const result = runProgram(info.program, skb.bytes, skb.length);
      return typeof result === 'number' ? result !== 0 : result;
    },
  }),
);
