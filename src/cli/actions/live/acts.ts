/** What keys of the screen do beyond it: files are written where the command was started. */
import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Staging, targetFault } from '../../../collect/staging.ts';
import { programFolders } from '../../../collect/trusted.ts';
import type { BundleFile } from '../../../live/analyst.ts';
import type { Live } from '../../../live/live.ts';
import type { Acts } from '../../../tui/app.ts';
import type { Io } from '../../io.ts';
import { writeWholeFile } from '../../whole-file.ts';

export interface ScreenActs extends Acts {
  /** What was written, for who comes back to the shell. */
  readonly done: readonly string[];
}

export function actsOf(live: Live, env: Io['env']): ScreenActs {
  const done: string[] = [];
  const remember = (text: string): string => {
    done.push(text);
    return text;
  };
  return {
    done,
    save: async (bundle) => {
      const target = freeName('');
      await writeBundle(target, bundle);
      return remember(`bundle: ${target} (nettrace analyze ${target})`);
    },
    report: async (analysis) => {
      const { reportPage } = await import('../../../report/html/report.ts');
      const target = freeName('.html');
      writeWholeFile(target, await reportPage(analysis), 0o600);
      open(resolve(target), env);
      return remember(`report: ${resolve(target)}`);
    },
    tryOut: (command) => live.tryOut(command),
  };
}

/** `nettrace-live-HOST-20261129T140211Z`, and a number where that is taken. */
function freeName(ending: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `nettrace-live-${hostname().replace(/[^\w.-]/g, '_')}-${time}`;
  for (let number = 1; ; number++) {
    const target = `${name}${number === 1 ? '' : `-${number}`}${ending}`;
    const fault = targetFault(target, false);
    if (fault === undefined) return target;
    if (fault !== 'it exists already' || number > 99) throw new Error(`${target}: ${fault}`);
  }
}

async function writeBundle(target: string, bundle: readonly BundleFile[]): Promise<void> {
  const staging = new Staging(`${target}/`);
  try {
    for (const { name, bytes } of bundle) staging.write(name, bytes);
    await staging.finish(false);
  } finally {
    staging.remove();
  }
}

/** Where there is a desktop that can show it. Root starts no browser, nor what the environment names one. */
function open(path: string, { DISPLAY, WAYLAND_DISPLAY, PATH }: Io['env']): void {
  if ((DISPLAY ?? WAYLAND_DISPLAY ?? '') === '' || process.geteuid?.() === 0) return;
  const child = spawn('xdg-open', [path], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, PATH: programFolders(PATH, false).join(':') },
  });
  child.on('error', () => {});
  child.unref();
}
