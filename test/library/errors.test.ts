/** What makes a call impossible is an error of its own; what is wrong inside an input is not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  analyze,
  InputError,
  LimitError,
  NettraceError,
  openBundle,
  readCapture,
  simulate,
  UsageError,
} from '../../src/index.ts';
import { captureOf, GATEWAY, RULES } from './lab.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-errors-'));
  writeFileSync(join(folder, 'notes.bin'), new Uint8Array([0, 1, 2, 3, 255]));
  writeFileSync(join(folder, 'rules.v4'), RULES);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function thrown(call: Promise<unknown>): Promise<NettraceError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NettraceError);
  return error as NettraceError;
}

async function allOf(packets: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of packets) count++;
  return count;
}

describe('inputs that can’t be used', () => {
  it('are named, with what was wanted', async () => {
    const missing = join(folder, 'missing.pcap');
    const error = await thrown(analyze([join(folder, 'rules.v4'), missing]));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({
      name: 'InputError',
      code: 'input-missing',
      file: missing,
      found: 'no such file or directory',
      expected: 'a file, a directory or an archive',
    });
    const lenient = await analyze([join(folder, 'rules.v4'), missing], { allowUnusable: true });
    expect(lenient.warnings).toContainEqual({ path: missing, text: 'no such file or directory' });
  });

  it('are an error where nothing is left', async () => {
    expect(await thrown(openBundle(join(folder, 'notes.bin')))).toMatchObject({ code: 'input-unknown' });
    const none = await thrown(
      openBundle(join(folder, 'notes.bin'), { ignoreUnknown: true, allowUnusable: true }),
    );
    expect(none).toMatchObject({ code: 'nothing-usable' });
    expect(await thrown(openBundle({}))).toMatchObject({ code: 'nothing-usable' });
    expect(await thrown(analyze('-'))).toMatchObject({ code: 'stdin' });
  });

  it('may be too large', async () => {
    const error = await thrown(openBundle(join(folder, 'rules.v4'), { limits: { dumpBytes: 100 } }));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'limit-dump-bytes', file: join(folder, 'rules.v4') });
  });

  it('of captures are thrown by the loop', async () => {
    expect(await thrown(allOf(readCapture(join(folder, 'missing.pcap'))))).toMatchObject({
      code: 'open-failed',
    });
    expect(await thrown(allOf(readCapture(join(folder, 'rules.v4'))))).toMatchObject({
      code: 'capture-unknown',
      file: join(folder, 'rules.v4'),
    });
    expect(await thrown(allOf(readCapture(new Uint8Array())))).toMatchObject({ code: 'capture-empty' });
  });
});

describe('what is wrong inside an input', () => {
  it('is an issue of the result', async () => {
    const rules = RULES.replace('-m conntrack', '-m nonsense --no');
    const { issues } = await openBundle({ ...GATEWAY, 'rules.v4': rules });
    expect(issues.map(({ path, line }) => `${path}:${line}`)).toContain('bundle/rules.v4:5');
    const capture = readCapture(captureOf(3).subarray(0, -5));
    expect(await allOf(capture)).toBe(8);
    expect(capture.issues.map(({ code }) => code)).toEqual(['pcap-truncated']);
  });
});

describe('calls that make no sense', () => {
  it('say where in the text', async () => {
    const { snapshot } = await openBundle(GATEWAY);
    const error = await thrown(simulate(snapshot, 'tcp lan0 > 8.8.8.8:443 iff wan0'));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'flow-not-understood', at: 23, length: 3 });
    expect(error.message).toMatchInlineSnapshot(`
      "the flow is not understood: "iff" can’t stand here
        tcp lan0 > 8.8.8.8:443 iff wan0
                               ^^^
      Did you mean iif? Expected: iif, src, sport, mark, state, type, ttl, tos."
    `);
    expect(await thrown(simulate(snapshot, 'tcp lan1 > 8.8.8.8:443'))).toMatchObject({ at: 4, length: 4 });
    expect(await thrown(simulate(snapshot, { from: 'a"b', to: 'host' }))).toMatchObject({
      code: 'flow-not-understood',
    });
    expect(await thrown(simulate({} as never, 'tcp lan0 > 8.8.8.8:443'))).toMatchObject({ code: 'snapshot' });
  });

  it('of filters, commands and options', async () => {
    const bundle = await openBundle(GATEWAY);
    expect(await thrown(analyze(bundle, { filter: 'tcp and port' }))).toMatchObject({
      code: 'filter-not-understood',
    });
    expect(await thrown(analyze(bundle, { filter: 'host nobody' }))).toMatchObject({
      code: 'filter-name',
      at: 5,
    });
    expect(await thrown(analyze(bundle, { whatIf: ['iptables -D FORWARD 99'] }))).toMatchObject({
      code: 'command',
    });
    expect(await thrown(analyze(bundle, { threads: 0 }))).toMatchObject({ code: 'threads' });
    expect(await thrown(analyze(bundle, { maxMemory: 1e6 }))).toMatchObject({ code: 'max-memory' });
    expect(await thrown(analyze(7 as never))).toMatchObject({ code: 'inputs' });
    expect(await thrown(analyze(new URL('https://192.0.2.1/eth0.pcap')))).toMatchObject({
      code: 'url-scheme',
    });
    expect(await thrown(allOf(readCapture(7 as never)))).toMatchObject({ code: 'inputs' });
    expect(await thrown(allOf(readCapture(new URL('https://192.0.2.1/a'))))).toMatchObject({
      code: 'url-scheme',
    });
    expect(await thrown(openBundle(['a', 7] as never))).toMatchObject({ code: 'inputs' });
    expect(await thrown(openBundle({ 'rules.v4': 7 } as never))).toMatchObject({ code: 'inputs' });
    expect(await thrown(openBundle(null as never))).toMatchObject({ code: 'inputs' });
    expect(() => bundle.snapshot.apply('iptables -P FORWARD ACCEPT', 'rm -rf /')).toThrow(UsageError);
  });

  it('show no control characters of an input', async () => {
    const error = await thrown(openBundle(['\x1b[31mred']));
    expect(error.message).not.toContain('\x1b');
  });
});
