/** Expressions as nft prints them (the print functions of src/expression.c, payload.c, meta.c, ct.c … in nftables). */
import { printConstant, type Style } from '../constant.ts';
import { DATATYPES } from '../datatype.ts';
import type { Constant, Expression, Option, Text } from '../expression.ts';
import { printElements } from './element.ts';
import type { PrintContext } from './rule.ts';
import { printVerdict } from './verdict.ts';

/** `styles`: of the parts of a concatenation. */
export function printExpression(
  expression: Expression,
  ctx: PrintContext,
  style: Style = 'plain',
  styles?: readonly Style[],
): string {
  const inner = (each: Expression, own: Style = style) => printExpression(each, ctx, own);
  switch (expression.kind) {
    case 'constant':
      return printConstant(expression, style);
    case 'text':
      return printText(expression);
    case 'range':
      return `${bound(expression.from, ctx, style)}-${bound(expression.to, ctx, style)}`;
    case 'prefix':
      return `${inner(expression.address)}/${expression.length}`;
    case 'any':
      return '*';
    case 'list':
      return expression.items.map((item) => inner(item)).join(',');
    case 'concat':
      return expression.parts.map((part, i) => inner(part, styles?.[i] ?? style)).join(' . ');
    case 'set':
      return printElements(expression.elements, ctx, styles ?? [style]);
    case 'set-ref':
      return `@${expression.name}`;
    case 'map':
      return `${inner(expression.key)} map ${printData(expression.key, expression.data, ctx)}`;
    case 'verdict':
      return printVerdict(expression.verdict, ctx);
    case 'payload':
      return expression.header
        ? `${expression.header.protocol} ${expression.header.field}`
        : `@${expression.base},${expression.offset},${expression.bits}`;
    case 'exthdr':
      if (expression.chunk !== undefined) return join('sctp chunk', expression.chunk, expression.field);
      return expression.field === undefined
        ? `exthdr ${expression.header}`
        : `${expression.header} ${expression.field}`;
    case 'option':
      return printOption(expression);
    case 'meta':
      return BARE.has(expression.key) ? expression.key : `meta ${expression.key}`;
    case 'ct':
      return join('ct', expression.direction, expression.family, expression.key);
    case 'fib':
      return `fib ${expression.flags.join(' . ')} ${expression.result}`;
    case 'rt':
      return join('rt', expression.family, expression.key);
    case 'socket':
      return `socket ${expression.key}${expression.level === undefined ? '' : ` level ${expression.level}`}`;
    case 'numgen':
      return `numgen ${expression.mode} mod ${expression.mod}${offset(expression)}`;
    case 'jhash': {
      const seed = expression.seed === undefined ? '' : ` seed 0x${expression.seed.toString(16)}`;
      return `jhash ${inner(expression.expression)} mod ${expression.mod}${seed}${offset(expression)}`;
    }
    case 'symhash':
      return `symhash mod ${expression.mod}${offset(expression)}`;
    case 'binary':
      return printBinary(expression, ctx, style);
    case 'osf':
      return join('osf', expression.ttl && `ttl ${expression.ttl}`, expression.key);
    case 'ipsec':
      return join(
        'ipsec',
        expression.direction,
        expression.spnum > 0 ? `spnum ${expression.spnum}` : undefined,
        expression.family,
        expression.key,
      );
    case 'unknown':
      return expression.text;
  }
}

/** Keys of `meta` that nft prints without it. */
const BARE = new Set(['iif', 'iifname', 'iifgroup', 'oif', 'oifname', 'oifgroup']);

function join(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined).join(' ');
}

function offset({ offset: value }: { readonly offset: number }): string {
  return value > 0 ? ` offset ${value}` : '';
}

/** Where they bound a range, times are seconds and days are numbers. */
function bound(expression: Expression, ctx: PrintContext, style: Style): string {
  if (expression.kind === 'constant' && expression.type === 'day') return String(expression.value);
  if (expression.kind === 'constant' && expression.type === 'time')
    return `${Number(expression.value) / 1000}s`;
  return printExpression(expression, ctx, style);
}

const UNQUOTED = new Set([
  'inet_service',
  'inet_proto',
  'mark',
  'ct_label',
  'uid',
  'gid',
  'realm',
  'devgroup',
]);

export function printText({ type, value, wildcard }: Text): string {
  const text = `${value}${wildcard ? '*' : ''}`;
  return UNQUOTED.has(type) ? text : `"${text}"`;
}

function printOption(option: Option): string {
  const { header, name, number, field, offset: start, bits } = option;
  if (field === undefined && bits > 0) return `${header} option @${number},${start},${bits}`;
  return join(header, 'option', name, field);
}

const PRECEDENCE = { '<<': 1, '>>': 1, '&': 2, '^': 3, '|': 4 } as const;

function printBinary(
  { op, left, right }: Extract<Expression, { kind: 'binary' }>,
  ctx: PrintContext,
  style: Style,
): string {
  const own: Style = style === 'hex' || styleOf(left) === 'hex' ? 'hex' : 'plain';
  const side = (each: Expression) => {
    const text = printExpression(each, ctx, own);
    const needsBrackets =
      (each.kind === 'binary' && PRECEDENCE[op] < PRECEDENCE[each.op]) ||
      (each.kind === 'constant' && isManyBits(each));
    return needsBrackets ? `(${text.replace(/,/g, ' | ')})` : text;
  };
  return `${side(left)} ${op} ${side(right)}`;
}

export function isManyBits({ type, value }: Constant): boolean {
  return DATATYPES[type].base === 'bitmask' && (value & (value - 1n)) !== 0n;
}

/** Payloads without a name are compared in hexadecimal. */
export function styleOf(expression: Expression): Style {
  if (expression.kind === 'payload') return expression.header ? 'plain' : 'hex';
  if (expression.kind === 'binary') return styleOf(expression.left);
  return 'plain';
}

export function stylesOf(expression: Expression): readonly Style[] {
  return expression.kind === 'concat' ? expression.parts.map(styleOf) : [styleOf(expression)];
}

/** The set or map that a key is looked up in. */
export function printData(key: Expression, data: Expression, ctx: PrintContext): string {
  return data.kind === 'set' ? printElements(data.elements, ctx, stylesOf(key)) : printExpression(data, ctx);
}
