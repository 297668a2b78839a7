/** An nft ruleset as data: rules with their numbers, as found and as nft prints them. */
import { printElement } from '../nft/print/element.ts';
import { printObject } from '../nft/print/object.ts';
import { type PrintContext, printRule } from '../nft/print/rule.ts';
import { printSet } from '../nft/print/set.ts';
import type { NftChain, NftRuleset, NftTable } from '../nft/ruleset.ts';
import type { NftSet } from '../nft/set.ts';
import type { Json } from './records.ts';

export function describeNft({ tables }: NftRuleset): Json {
  return {
    tables: tables.map((table) => {
      const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
      const ctx: PrintContext = { family: table.family, chains, stateful: true };
      return {
        ...headOf(table),
        chains: table.chains.map((chain) => describeChain(chain, ctx)),
        sets: table.sets.map((set) => describeSet(set, ctx)),
        objects: table.objects.map((object) => ({
          kind: object.kind,
          name: object.name,
          canonical: printObject(object, ctx),
          span: { ...object.span },
        })),
        flowtables: table.flowtables.map(({ name, priority, devices, flags, span }) => ({
          name,
          priority,
          devices: [...devices],
          flags: [...flags],
          span: { ...span },
        })),
      };
    }),
  };
}

function headOf({ family, name, flags, iptables, comment, handle, span }: NftTable): { [key: string]: Json } {
  return {
    family,
    name,
    flags: [...flags],
    iptables,
    ...(comment !== undefined && { comment }),
    ...(handle !== undefined && { handle }),
    span: { ...span },
  };
}

function describeChain({ name, base, rules, comment, handle, span }: NftChain, ctx: PrintContext): Json {
  return {
    name,
    ...(base && { ...base, devices: [...base.devices] }),
    ...(comment !== undefined && { comment }),
    ...(handle !== undefined && { handle }),
    span: { ...span },
    rules: rules.map((rule, index) => ({
      number: index + 1,
      text: rule.text,
      canonical: printRule(rule, { ...ctx, stateful: false }),
      ...(rule.comment !== undefined && { comment: rule.comment }),
      ...(rule.handle !== undefined && { handle: rule.handle }),
      span: { ...rule.span },
    })),
  };
}

function describeSet(set: NftSet, ctx: PrintContext): Json {
  return {
    kind: set.data ? 'map' : 'set',
    name: set.name,
    flags: [...set.flags],
    ...(set.timeout !== undefined && { timeout: set.timeout / 1000 }),
    ...(set.size !== undefined && { size: set.size }),
    ...(set.comment !== undefined && { comment: set.comment }),
    ...(set.handle !== undefined && { handle: set.handle }),
    elements: set.elements.map((element) => printElement(element, ctx, [])),
    canonical: printSet(set, ctx),
    span: { ...set.span },
  };
}
