/** nf_hook_slow(), net/netfilter/core.c: every registered function of a hook in order of priority. */
import type { Hook } from '../../xtables/rule.ts';
import { queueIcmp } from '../answer.ts';
import type { Connection } from '../conntrack/connection.ts';
import { defragment } from '../defrag.ts';
import { reject, tee } from '../reject.ts';
import { rerouteOutput } from '../reroute.ts';
import { addStep, type Copy, endCopy, giveUpCopy, hopOf, type Run } from '../run.ts';
import { dropCause } from './drop-cause.ts';
import { applyNat, natHook } from './nat-hook.ts';
import { runNft } from './nft-hook.ts';
import { routingKey } from './routing-key.ts';
import type { BaseChain, HookEntry } from './tables.ts';
import { tproxyTarget } from './tproxy.ts';
import { confirm, track } from './track-hook.ts';
import type { TableVerdict } from './verdict.ts';
import { viewOf } from './view.ts';
import { walkTable } from './walk.ts';

/** Interfaces as netfilter names them in this hook. */
export interface HookDevices {
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  readonly physin?: string | undefined;
  readonly physout?: string | undefined;
}

/** True: go on. False: the packet ended here, and the run knows why. */
export function runHook(run: Run, copy: Copy, hook: Hook, devices: HookDevices): boolean {
  const { net, skb } = copy;
  skb.in = devices.in;
  skb.out = devices.out;
  skb.physin = devices.physin;
  skb.physout = devices.physout;
  const tables = net.tables[skb.family];
  if (tables.assumed) {
    const command = skb.family === 4 ? 'iptables-save' : 'ip6tables-save';
    run.assumptions.add(`${net.name}: no ${command}; taken as without rules`);
  }
  const unlisted = tables.unlisted[hook];
  if (unlisted.length > 0) {
    const command = skb.family === 4 ? 'iptables' : 'ip6tables';
    run.assumptions.add(
      `${net.name}: ${command} -L or -S was not given of ${hook} in table ${unlisted.join(', ')}; taken as without rules`,
    );
  }
  const entries = tables.hooks[hook];
  const last = entries.at(-1)?.kind === 'confirm' ? entries.length - 1 : entries.length;
  for (let i = 0; i < last; i++) {
    if (!runEntry(run, copy, hook, entries[i] as HookEntry)) return false;
  }
  run.kernel.observer?.passed?.(net.name, hook, copy.skb);
  return last === entries.length || confirm(run, copy);
}

function runEntry(run: Run, copy: Copy, hook: Hook, entry: HookEntry): boolean {
  switch (entry.kind) {
    case 'defrag':
      return defragment(run, copy);
    case 'conntrack':
      return track(run, copy, hook);
    case 'nat':
      return translate(run, copy, hook);
    case 'confirm':
      return confirm(run, copy);
    case 'nft':
      return runNft(run, copy, NFT_PF[copy.skb.family], entry.base);
    case 'table':
      return runTable(run, copy, hook, entry.base);
  }
}

function runTable(run: Run, copy: Copy, hook: Hook, base: BaseChain): boolean {
  const mayReroute = hook === 'OUTPUT' && base.table.name === 'mangle';
  const before = mayReroute ? routingKey(copy) : '';
  const verdict = walk(run, copy, base);
  if (!conclude(run, copy, verdict)) return false;
  if (mayReroute && routingKey(copy) !== before) return rerouteOutput(run, copy);
  return true;
}

const NFT_PF = { 4: 'ip', 6: 'ip6' } as const;

function walk(run: Run, copy: Copy, base: BaseChain, connection?: Connection): TableVerdict {
  const { net, skb } = copy;
  return walkTable({
    tables: net.tables[skb.family],
    base,
    skb,
    view: viewOf(net, skb.time, copy.dst, copy),
    hooks: {
      step: (step) => addStep(run, copy, step),
      nat: (nat) => connection === undefined || applyNat(run, copy, connection, nat),
      tproxy: (verdict, rule) => tproxyTarget(run, copy, verdict, rule),
      tee: (verdict) => tee(run, copy, verdict, base.hook === 'PREROUTING' || base.hook === 'INPUT'),
      decide: (rule) => run.kernel.evidence?.rule?.({ namespace: net.name, rule }),
      undecided: ({ text, why, matters }) => {
        addStep(run, copy, { kind: 'unknown', text, why });
        if (!matters) return;
        run.assumptions.add(`${net.name}: ${text}`);
        run.undecided = true;
      },
    },
  });
}

function conclude(run: Run, copy: Copy, verdict: TableVerdict): boolean {
  switch (verdict.kind) {
    case 'accept':
      return true;
    case 'given-up':
      giveUpCopy(run, copy, verdict.text);
      return false;
    case 'queue':
      run.assumptions.add(`${copy.net.name}: a program decides about queued packets; taken as accepting`);
      run.undecided = true;
      return true;
    case 'drop': {
      const { step, base } = verdict.by;
      const what =
        step.kind === 'policy' ? `the policy of ${step.chain}` : `rule ${step.number} of ${step.chain}`;
      endCopy(run, copy, {
        verdict: 'dropped',
        cause: dropCause(copy, verdict),
        reason: 'NETFILTER_DROP',
        rule: step,
        text: `dropped by ${what} in table ${base.table.name}`,
      });
      if (verdict.icmp) queueIcmp(run, copy, verdict.icmp);
      return false;
    }
    case 'reject': {
      const { step, base } = verdict.by;
      const number = step.kind === 'rule' ? step.number : 0;
      reject(run, copy, verdict.with, base.hook);
      endCopy(run, copy, {
        verdict: 'rejected',
        cause: dropCause(copy, verdict),
        reason: 'NETFILTER_DROP',
        rule: step,
        text: `rejected by rule ${number} of ${step.chain} in table ${base.table.name} (${verdict.with})`,
      });
      return false;
    }
  }
}

/** The nat hook; destination NAT of locally sent packets is followed by another routing decision. */
function translate(run: Run, copy: Copy, hook: Hook): boolean {
  const { net, skb } = copy;
  const outcome = natHook(run, copy, hook, (connection) => {
    for (const entry of net.tables[skb.family].nat[hook]) {
      const passed =
        entry.kind === 'nft'
          ? runNft(run, copy, NFT_PF[skb.family], entry.base, { connection })
          : conclude(run, copy, walk(run, copy, entry.base, connection));
      if (!passed) return false;
      if (hook === 'PREROUTING' || hook === 'OUTPUT' ? connection.dstNatDone : connection.srcNatDone) break;
    }
    return true;
  });
  if (outcome === 'stopped') return false;
  if (outcome) {
    endCopy(run, copy, { verdict: 'dropped', reason: 'NETFILTER_DROP', ...outcome });
    return false;
  }
  if (hook === 'OUTPUT' && hopOf(run, copy).out !== undefined && isRedirected(copy)) {
    return rerouteOutput(run, copy);
  }
  return true;
}

/** nf_nat_ipv4_local_fn(): the connection's destination isn't where its answers come from. */
function isRedirected({ skb }: Copy): boolean {
  const tracked = skb.conntrack;
  if (!tracked?.entry) return false;
  const { original, reply } = tracked.entry;
  return tracked.direction === 'original'
    ? original.destination !== reply.source
    : reply.destination !== original.source;
}
