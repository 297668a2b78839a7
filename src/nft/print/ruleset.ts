/** A ruleset as `nft list ruleset` prints it; `stateful` false: as `nft -s list ruleset` does. */
import { printPriority } from '../priority.ts';
import type { BaseHook, NftChain, NftFamily, NftRuleset, NftTable } from '../ruleset.ts';
import { printFlowtable, printObject } from './object.ts';
import { type PrintContext, printRule } from './rule.ts';
import { printSet } from './set.ts';

export function printNft({ tables }: NftRuleset, stateful = false): string {
  return tables.map((table) => printTable(table, stateful)).join('');
}

export function printTable(table: NftTable, stateful = false): string {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const ctx: PrintContext = { family: table.family, chains, stateful };
  const head = [
    ...(table.flags.length > 0 ? [`\tflags ${table.flags.join(',')}\n`] : []),
    ...(table.comment === undefined ? [] : [`\tcomment "${table.comment}"\n`]),
  ].join('');
  const blocks = [
    ...(head === '' ? [] : [head]),
    ...table.objects.map((object) => printObject(object, ctx)),
    ...table.sets.map((set) => printSet(set, ctx)),
    ...table.flowtables.map((flowtable) => printFlowtable(flowtable, ctx)),
    ...table.chains.filter(({ name }) => !/^__chain\d+$/.test(name)).map((chain) => printChain(chain, ctx)),
  ];
  return `table ${table.family} ${table.name} {\n${blocks.join('\n')}}\n`;
}

function printChain(chain: NftChain, ctx: PrintContext): string {
  const lines = [
    ...(chain.comment === undefined ? [] : [`comment "${chain.comment}"`]),
    ...(chain.base ? printBase(chain.base, ctx.family) : []),
    ...chain.rules.map((rule) => printRule(rule, ctx)),
  ];
  return `\tchain ${chain.name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}

function printBase(base: BaseHook, family: NftFamily): string[] {
  const [first, ...more] = base.devices;
  const devices =
    first === undefined
      ? ''
      : more.length === 0
        ? ` device "${first}"`
        : ` devices = { ${base.devices.join(', ')} }`;
  const priority = printPriority(base.priority, family, base.hook);
  return [
    `type ${base.type} hook ${base.hook}${devices} priority ${priority}; policy ${base.policy};`,
    ...(base.offload ? ['flags offload'] : []),
  ];
}
