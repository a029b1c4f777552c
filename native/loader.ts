import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeBinding } from './binding.ts';
import { NativeError } from './errors.ts';

/** What the binary was built for, from `prebuilt/manifest.json`. */
export type BuildTarget = { cpuFlags: readonly string[]; glibc: string };

/** What this machine has; the loader's checks are pure functions of it. */
export type Machine = {
  platform: string;
  arch: string;
  /** `major.minor` of the C library, or undefined where it is not glibc. */
  glibc: string | undefined;
  /** Flags of the first CPU in /proc/cpuinfo. */
  cpuFlags: ReadonlySet<string>;
};

const PREBUILT = fileURLToPath(new URL('prebuilt/linux-x64-gnu.node', import.meta.url));
const MANIFEST = fileURLToPath(new URL('prebuilt/manifest.json', import.meta.url));
const WAY_ON = 'Build it for this machine with `node native/build.mjs --local` (needs Rust, see native/README.md).';

/** Where `build.mjs --local` puts a binary for a platform or CPU that the prebuilt one does not serve. */
export function localBuildPath(platform: string, arch: string): string {
  return fileURLToPath(new URL(`build/${platform}-${arch}.node`, import.meta.url));
}

/**
 * Names everything that keeps the prebuilt binary from running on a machine; empty if it can.
 * Loading it without this check would end the process with SIGILL or a linker error.
 */
export function missingForPrebuilt(machine: Machine, target: BuildTarget): string[] {
  if (machine.platform !== 'linux' || machine.arch !== 'x64') {
    return [`the prebuilt binary is for linux x64, this is ${machine.platform} ${machine.arch}`];
  }
  const missing: string[] = [];
  if (machine.glibc === undefined) missing.push('the C library is not glibc');
  else if (!atLeast(machine.glibc, target.glibc)) {
    missing.push(`glibc is ${machine.glibc}, needed is ${target.glibc} or newer`);
  }
  const flags = target.cpuFlags.filter((flag) => !machine.cpuFlags.has(flag));
  if (flags.length > 0) missing.push(`the CPU lacks ${flags.join(', ')}`);
  return missing;
}

function atLeast(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimum.split('.').map(Number);
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
}

function thisMachine(): Machine {
  const { platform, arch } = process;
  if (platform !== 'linux') return { platform, arch, glibc: undefined, cpuFlags: new Set() };
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  return { platform, arch, glibc: report.header?.glibcVersionRuntime, cpuFlags: new Set(flags.trim().split(/\s+/)) };
}

/**
 * Loads the binary: one built on this machine if there is one, else the prebuilt one.
 * Errors: `NATIVE_UNSUPPORTED`, naming what is missing and what to do.
 */
export function loadBinding(): NativeBinding {
  const local = localBuildPath(process.platform, process.arch);
  if (existsSync(local)) return load(local);
  const target = JSON.parse(readFileSync(MANIFEST, 'utf8')) as BuildTarget;
  const missing = missingForPrebuilt(thisMachine(), target);
  if (missing.length > 0) {
    throw new NativeError('NATIVE_UNSUPPORTED', `The native kernel cannot run: ${missing.join('; ')}. ${WAY_ON}`);
  }
  return load(PREBUILT);
}

function load(path: string): NativeBinding {
  try {
    return createRequire(import.meta.url)(path) as NativeBinding;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NativeError('NATIVE_UNSUPPORTED', `The native kernel did not load: ${reason}. ${WAY_ON}`, { cause });
  }
}
