/** The lines of iptables-save, one by one: tables, chains, rules. */
import type { Issue } from '../base/issue.ts';
import type { Span } from '../base/span.ts';
import { buildRules, hookOf } from './build.ts';
import {
  type Chain,
  type Counters,
  type Policy,
  type Remark,
  type Ruleset,
  TABLES,
  type Table,
} from './rule.ts';
import { type RuleLimits, RuleRoom } from './rule-room.ts';
import { applyCommand, chainOf, isChainName, type OpenTable, shorten } from './save-commands.ts';
import { settleTargets } from './settle.ts';
import { splitSaved } from './tokens.ts';

/** The command that printed the dump, pasted with it: `[root@host ~]# iptables-save`. */
export const PROMPT = /(^|[#$>]\s*)(sudo\s+)?ip6?tables(-nft|-legacy)?(-save\b| -S\b)/;

/** A rule more in a chain, behind the others or before. */
const ADDS = /^(?:-[46] )?(?:-A|--append|(-I|--insert))\s+([^\s"]+)/;

const NAMES_TABLE_BEFORE = /^(?::|(?:\[\d+:\d+\]\s*)?-)/;

const REMARK = /^#\s*nettrace:/;

/** Reads line by line; the open table is the one between `*name` and COMMIT. */
export class SaveReader {
  readonly issues: Issue[] = [];
  readonly remarks: Remark[] = [];
  private readonly ruleset: Ruleset;
  private readonly room: RuleRoom;
  private table: OpenTable | undefined;
  /** Behind a table's end or an unknown one's line, where the next table has yet to be named. */
  private isNameless = false;
  private namelessFrom: number | undefined;

  constructor(ruleset: Ruleset, limits: RuleLimits) {
    this.ruleset = ruleset;
    this.room = new RuleRoom(limits);
  }

  line(line: string, number: number): void {
    if (line === '') return;
    const span: Span = { path: this.ruleset.path, line: number };
    if (line.startsWith('#')) {
      if (REMARK.test(line)) this.remarks.push({ text: line.replace(/^#\s*/, ''), span });
      return;
    }
    if (line.startsWith('*')) this.openTable(line.slice(1).trim(), span);
    else if (/^COMMIT\b/.test(line)) {
      this.isNameless = this.table !== undefined;
      this.table = undefined;
    } else if (this.isNameless && NAMES_TABLE_BEFORE.test(line)) this.nameless(span);
    else if (line.startsWith(':')) this.chainLine(line, span);
    else if (/^(\[\d+:\d+\]\s*)?-/.test(line)) this.command(line, span);
    else if (PROMPT.test(line)) return;
    else
      this.error(
        span,
        'unreadable-line',
        `expected *table, :CHAIN, a rule (-A …), COMMIT or a comment, found ${shorten(line)}`,
      );
  }

  finish(): void {
    this.issues.push(...this.room.issues(), ...settleTargets(this.ruleset));
  }

  private error(span: Span, code: string, text: string): void {
    this.issues.push({ severity: 'error', code, text, path: span.path, line: span.line });
  }

  private openTable(word: string, span: Span): void {
    const name = TABLES.find((each) => each === word);
    if (!name) {
      // Within a table it is a line like others; where one begins, nobody knows what follows.
      this.isNameless = this.table === undefined;
      this.error(span, 'unknown-table', `unknown table ${shorten(word)}: expected ${TABLES.join(', ')}`);
      return;
    }
    this.table = undefined;
    this.isNameless = false;
    const existing = this.ruleset.tables.get(name);
    const table: Table = existing ?? { name, chains: new Map() };
    if (existing) {
      this.issues.push({
        severity: 'warning',
        code: 'table-again',
        text: `table ${name} is opened again: iptables-restore empties it first, so what stood before is gone`,
        path: span.path,
        line: span.line,
      });
      existing.chains.clear();
    }
    this.ruleset.tables.set(name, table);
    this.table = table;
  }

  /** Told once a table: which one its lines are of, nobody knows, and they aren't another's. */
  private nameless(span: Span): void {
    const last = this.issues.at(-1);
    if (last?.code === 'no-table' && last.path === span.path && this.namelessFrom === last.line) return;
    this.namelessFrom = span.line;
    this.error(
      span,
      'no-table',
      'no *table line that is known before this: it and what follows of its table is not read',
    );
  }

  /** Rules outside `*table … COMMIT` (`iptables -S` prints no table): they are taken for the filter table's. */
  private openOrFilter(span: Span): OpenTable {
    if (this.table) return this.table;
    this.issues.push({
      severity: 'warning',
      code: 'no-table',
      text: 'no *table line before this: taken for the filter table',
      path: span.path,
      line: span.line,
    });
    const table = this.ruleset.tables.get('filter') ?? { name: 'filter', chains: new Map() };
    this.ruleset.tables.set('filter', table);
    this.table = table;
    return table;
  }

  /** `:INPUT ACCEPT [12:3456]`, `:USER - [0:0]`, also without the counters or the policy. */
  private chainLine(line: string, span: Span): void {
    const table = this.openOrFilter(span);
    const [name = '', ...rest] = line.slice(1).trim().split(/\s+/);
    if (!isChainName(name)) {
      this.error(span, 'bad-chain-name', 'expected a chain name behind the colon, without quotes');
      return;
    }
    if (rest.length === 0 && table.chains.has(name)) {
      this.error(span, 'chain-again', `chain ${name} has been declared, expected is another one or a policy`);
      return;
    }
    const counters = readCounters(rest.find((word) => word.startsWith('[')));
    const word = rest[0]?.startsWith('[') ? undefined : rest[0];
    const hook = hookOf(table.name, name);
    let policy: Policy | undefined;
    if (hook) {
      if (word === 'ACCEPT' || word === 'DROP') policy = word;
      else {
        policy = 'ACCEPT';
        this.error(
          span,
          'bad-policy',
          `chain ${name}: expected policy ACCEPT or DROP, found ${word ?? 'none'}; taken for ACCEPT`,
        );
      }
    } else if (word !== '-' && word !== undefined) {
      this.error(
        span,
        'bad-policy',
        `chain ${name} is not built into table ${table.name}, so it has no policy; expected -, found ${shorten(word)}`,
      );
    }
    const known = table.chains.get(name);
    const chain: Chain = {
      name,
      rules: known?.rules ?? [],
      span,
      ...(policy ? { policy } : {}),
      ...(counters ? { counters } : {}),
    };
    table.chains.set(name, chain);
  }

  private command(line: string, span: Span): void {
    const counted = /^\[(\d+:\d+)\]\s*/.exec(line);
    const text = counted ? line.slice(counted[0].length) : line;
    const counters = counted ? readCounters(`[${counted[1]}]`) : undefined;
    const table = this.openOrFilter(span);
    const added = this.room.isFull ? ADDS.exec(text) : null;
    if (added) {
      const [, insert, chain = ''] = added;
      this.room.pass(chainOf(table, chain).rules, text, span, insert !== undefined);
      return;
    }
    const built = buildRules(splitSaved(text), {
      family: this.ruleset.family,
      table: table.name,
      span,
      text,
      saved: true,
      limits: this.room.limits,
      ...(counters ? { counters } : {}),
    });
    if (built.raw.onlyFamily !== undefined && built.raw.onlyFamily !== this.ruleset.family) return;
    this.room.take(built.rules.length);
    this.issues.push(...built.issues);
    applyCommand(built, table, (code, text) => this.error(span, code, text));
  }
}

function readCounters(text: string | undefined): Counters | undefined {
  const found = text === undefined ? null : /^\[(\d+):(\d+)\]/.exec(text);
  return found ? { packets: Number(found[1]), bytes: Number(found[2]) } : undefined;
}
