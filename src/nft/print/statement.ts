/** Statements as nft prints them (the print functions of src/statement.c in nftables). */
import { DATATYPES } from '../datatype.ts';
import type { Expression } from '../expression.ts';
import type { Log, Nat, Reject, Statement } from '../statement.ts';
import { symbolName } from '../symbols.ts';
import { printDuration } from '../time.ts';
import { typeOf } from '../type-of.ts';
import { isManyBits, printData, printExpression, styleOf, stylesOf } from './expression.ts';
import type { PrintContext } from './rule.ts';
import { printStateful } from './stateful.ts';
import { printVerdict } from './verdict.ts';

export function printStatement(statement: Statement, ctx: PrintContext): string {
  const print = (expression: Expression) => printExpression(expression, ctx);
  switch (statement.kind) {
    case 'match':
      return printMatch(statement, ctx);
    case 'verdict':
      return printVerdict(statement.verdict, ctx);
    case 'vmap':
      return `${print(statement.key)} vmap ${printData(statement.key, statement.data, ctx)}`;
    case 'counter':
    case 'quota':
    case 'limit':
    case 'ct count':
    case 'last':
      return printStateful(statement, ctx);
    case 'object': {
      const word = statement.object.startsWith('ct ') ? 'set' : 'name';
      return `${statement.object} ${word} ${print(statement.name)}`;
    }
    case 'log':
      return printLog(statement);
    case 'reject':
      return printReject(statement);
    case 'notrack':
      return 'notrack';
    case 'nat':
      return printNat(statement, ctx);
    case 'set':
      return `${print(statement.target)} set ${printExpression(statement.value, ctx, styleOf(statement.target))}`;
    case 'reset':
      return `reset ${print(statement.option)}`;
    case 'update': {
      const { key, data, timeout, statements = [] } = statement.element;
      const words = [
        print(key),
        ...(timeout === undefined ? [] : [`timeout ${printDuration(timeout)}`]),
        ...statements.map((each) => printStateful(each, ctx)),
        ...(data ? [':', print(data)] : []),
      ];
      return `${statement.op} @${statement.set} { ${words.join(' ')} }`;
    }
    case 'meter': {
      const size = statement.size === undefined ? '' : ` size ${statement.size}`;
      const words = [
        print(statement.key),
        ...(statement.timeout === undefined ? [] : [`timeout ${printDuration(statement.timeout)}`]),
        ...statement.statements.map((each) => printStateful(each, ctx)),
      ];
      return `meter ${statement.name}${size} { ${words.join(' ')} }`;
    }
    case 'tproxy':
      return `tproxy${statement.family ? ` ${statement.family}` : ''} to ${printTarget(statement, ctx)}`;
    case 'dup': {
      const to = [statement.address && print(statement.address), statement.device && print(statement.device)];
      return `dup to ${to.filter((part) => part !== undefined).join(' device ')}`;
    }
    case 'fwd':
      return statement.address
        ? `fwd ${statement.family ?? 'ip'} to ${print(statement.address)} device ${print(statement.device)}`
        : `fwd to ${print(statement.device)}`;
    case 'queue': {
      const flags = statement.flags.length > 0 ? ` flags ${statement.flags.join(',')}` : '';
      return `queue${flags} to ${print(statement.number)}`;
    }
    case 'synproxy': {
      const { mss, wscale, flags } = statement;
      return [
        'synproxy',
        ...(mss === undefined ? [] : [`mss ${mss}`]),
        ...(wscale === undefined ? [] : [`wscale ${wscale}`]),
        ...flags,
      ].join(' ');
    }
    case 'flow':
      return `flow add @${statement.flowtable}`;
    case 'xt':
      return `xt ${statement.type} "${statement.name}"`;
    case 'unknown':
      return statement.text;
  }
}

function printMatch(statement: Extract<Statement, { kind: 'match' }>, ctx: PrintContext): string {
  const { op, left, right } = statement;
  if (left.kind === 'binary' && left.op === '&' && right.kind === 'constant') {
    const masked = printMasked(op, left.left, left.right, right, ctx);
    if (masked !== undefined) return masked;
  }
  const value = right.kind === 'set' ? printData(left, right, ctx) : printRight(statement, ctx);
  const word = op === 'implicit' || (op === '==' && !isEqualPrinted(left, right)) ? '' : ` ${op}`;
  return `${printExpression(left, ctx)}${word} ${value}`;
}

/** relational_expr_print(): only where something else would be read without it. */
function isEqualPrinted(left: Expression, right: Expression): boolean {
  if (left.kind === 'binary') return true;
  const type = typeOf(left)?.type;
  return type !== undefined && DATATYPES[type].base === 'bitmask' && right.kind === 'constant';
}

/** Several bits that have to be equal, not any of them, are a number. */
function printRight({ op, left, right }: Extract<Statement, { kind: 'match' }>, ctx: PrintContext): string {
  if (op === '==' && right.kind === 'constant' && isManyBits(right)) return `0x${right.value.toString(16)}`;
  const styles = stylesOf(left);
  return printExpression(right, ctx, styles[0], styles);
}

/** `tcp flags syn / syn,ack`; of one bit `tcp flags & syn == syn`. */
function printMasked(
  op: string,
  field: Expression,
  mask: Expression,
  value: Extract<Expression, { kind: 'constant' }>,
  ctx: PrintContext,
): string | undefined {
  const type = typeOf(field)?.type;
  if (type === undefined || DATATYPES[type].base !== 'bitmask' || mask.kind !== 'constant') return undefined;
  const [left, bits] = [printExpression(field, ctx), printExpression(mask, ctx)];
  if (value.value === 0n && op === '==') return `${left} ! ${bits}`;
  if (value.value === 0n && op === '!=') return `${left} ${bits}`;
  if (!isManyBits(mask) || (op !== '==' && op !== '!=')) return undefined;
  return `${left}${op === '!=' ? ' !=' : ''} ${printExpression(value, ctx)} / ${bits}`;
}

function printLog({ prefix, group, snaplen, queueThreshold, level, flags }: Log): string {
  return [
    'log',
    ...(prefix === undefined ? [] : [`prefix "${prefix}"`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(snaplen === undefined ? [] : [`snaplen ${snaplen}`]),
    ...(queueThreshold === undefined ? [] : [`queue-threshold ${queueThreshold}`]),
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(flags.length === 0 ? [] : [printLogFlags(flags)]),
  ].join(' ');
}

function printLogFlags(flags: readonly string[]): string {
  const tcp = flags.filter((flag) => flag.startsWith('tcp ')).map((flag) => flag.slice(4));
  const rest = flags.filter((flag) => !flag.startsWith('tcp '));
  return [...(tcp.length > 0 ? [`tcp ${tcp.join(',')}`] : []), ...rest]
    .map((flag) => `flags ${flag}`)
    .join(' ');
}

function printReject(reject: Reject): string {
  if (reject.with === 'default') return 'reject';
  if (reject.with === 'tcp reset') return 'reject with tcp reset';
  const code = BigInt(reject.code ?? 0);
  return `reject with ${reject.with} ${symbolName(`${reject.with}_code`, code) ?? code}`;
}

function printNat(nat: Nat, ctx: PrintContext): string {
  const to = nat.address || nat.port ? ` to ${printTarget(nat, ctx)}` : '';
  const flags = nat.flags.length > 0 ? ` ${nat.flags.join(',')}` : '';
  return `${nat.type}${nat.family ? ` ${nat.family}` : ''}${nat.prefix ? ' prefix' : ''}${to}${flags}`;
}

/** IPv6 addresses stand in brackets before a port. */
function printTarget(
  { address, port }: { readonly address?: Expression; readonly port?: Expression },
  ctx: PrintContext,
): string {
  const print = (expression: Expression) => {
    const text = printExpression(expression, ctx);
    return port && expression.kind === 'constant' && expression.type === 'ipv6_addr' ? `[${text}]` : text;
  };
  const host =
    address === undefined
      ? ''
      : address.kind === 'range'
        ? `${print(address.from)}-${print(address.to)}`
        : print(address);
  return `${host}${port ? `:${printExpression(port, ctx)}` : ''}`;
}
