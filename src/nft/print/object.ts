/** Stateful objects and flowtables of a table. */
import { savedProtocol } from '../../xtables/names/protocols.ts';
import type { NftObject } from '../object.ts';
import { printPriority } from '../priority.ts';
import type { Flowtable } from '../ruleset.ts';
import { printDuration } from '../time.ts';
import type { PrintContext } from './rule.ts';
import { printLimit, printQuota } from './stateful.ts';

export function printObject(object: NftObject, ctx: PrintContext): string {
  const lines = [
    ...(object.comment === undefined ? [] : [`comment "${object.comment}"`]),
    ...linesOf(object, ctx),
  ];
  return `\t${object.kind} ${object.name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}

function linesOf(object: NftObject, ctx: PrintContext): string[] {
  switch (object.kind) {
    case 'counter':
      return ctx.stateful ? [`packets ${object.value.packets ?? 0} bytes ${object.value.bytes ?? 0}`] : [];
    case 'quota':
      return [printQuota(object.value, ctx)];
    case 'limit':
      return [printLimit(object.value)];
    case 'ct helper':
      return [`type "${object.helper}" protocol ${savedProtocol(object.protocol)}`, ...l3proto(object)];
    case 'ct timeout': {
      const states = Object.entries(object.policy).map(([state, seconds]) => `${state} : ${seconds}`);
      return [
        `protocol ${savedProtocol(object.protocol)}`,
        ...l3proto(object),
        `policy = { ${states.join(', ')} }`,
      ];
    }
    case 'ct expectation':
      return [
        `protocol ${savedProtocol(object.protocol)}`,
        `dport ${object.port}`,
        `timeout ${printDuration(object.timeout)}`,
        `size ${object.size}`,
        ...l3proto(object),
      ];
    case 'secmark':
      return [`"${object.context}"`];
    case 'synproxy':
      return [
        ...(object.mss === undefined ? [] : [`mss ${object.mss}`]),
        ...(object.wscale === undefined ? [] : [`wscale ${object.wscale}`]),
        ...(object.flags.length > 0 ? [object.flags.join(' ')] : []),
      ];
  }
}

function l3proto(object: { readonly l3proto?: string }): string[] {
  return object.l3proto === undefined ? [] : [`l3proto ${object.l3proto}`];
}

export function printFlowtable(flowtable: Flowtable, ctx: PrintContext): string {
  const priority = printPriority(flowtable.priority, ctx.family, 'ingress');
  const lines = [
    `hook ingress priority ${priority}`,
    ...(flowtable.devices.length === 0 ? [] : [`devices = { ${flowtable.devices.join(', ')} }`]),
    ...(flowtable.flags.includes('offload') ? ['flags offload'] : []),
    ...(flowtable.flags.includes('counter') ? ['counter'] : []),
  ];
  return `\tflowtable ${flowtable.name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}
