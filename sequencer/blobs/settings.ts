import { CasinoError } from '../errors.ts';
import { IpfsBlobStore } from './ipfs.ts';
import { PinningService } from './pinning-service.ts';
import type { RemoteBlobStore } from './remote-store.ts';
import { S3BlobStore } from './s3.ts';

/** What secrets come from: the environment, never a flag, which other users of the machine can read. */
export type Environment = Readonly<Record<string, string | undefined>>;

const SHAPES = 'files, s3://bucket/prefix?endpoint=URL&region=NAME, or ipfs+http://host:port?pin=URL';
const DEFAULT_REGION = 'us-east-1';
const MAX_STORES = 8;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The stores that `--blob-store` names, in its order; each value may name several, with commas between. `files` stands for the service's own
 * files, which are kept whatever else is named. `CONFIG_INVALID` says what is wrong with one.
 */
export function openBlobStores(values: readonly string[], environment: Environment): RemoteBlobStore[] {
  const texts = values.flatMap((value) => value.split(','));
  if (texts.length === 0) throw invalid('names no store', '');
  const remote = texts.filter((text) => text !== 'files').map((text) => openOne(text, environment));
  if (remote.length > MAX_STORES) throw invalid(`names more than ${MAX_STORES} stores`, values.join(','));
  const names = new Set(remote.map(({ name }) => name));
  if (names.size !== remote.length) throw invalid('names a store twice', values.join(','));
  return remote;
}

function openOne(text: string, environment: Environment): RemoteBlobStore {
  const url = URL.parse(text);
  if (!url) throw invalid(`is ${SHAPES}`, text);
  if (url.username || url.password) throw invalid('holds no secrets: they come from the environment', `${url.protocol}//…`);
  if (url.hash) throw invalid('has no part after #', text);
  if (url.protocol === 's3:') return openS3(url, text, environment);
  if (url.protocol === 'ipfs+http:' || url.protocol === 'ipfs+https:') return openIpfs(url, text, environment);
  throw invalid(`is ${SHAPES}`, text);
}

function openS3(url: URL, text: string, environment: Environment): RemoteBlobStore {
  onlyParameters(url, ['endpoint', 'region'], text);
  const bucket = url.host;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw invalid('has a bucket of 3 to 63 of a-z, 0-9, . and -', text);
  const path = url.pathname.replace(/^\//, '').replace(/\/$/, '');
  const isPlain = /^[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.split('/').some((part) => part === '.' || part === '..');
  if (path !== '' && !isPlain) throw invalid('has a prefix of letters, digits, . _ - and single /', text);
  const region = url.searchParams.get('region') ?? environment.AWS_REGION ?? DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,40}$/.test(region)) throw invalid('has a region of a-z, 0-9 and -', text);
  const endpoint = httpUrl(url.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`, 'endpoint', text);
  const accessKeyId = secret(environment, 'AWS_ACCESS_KEY_ID', text);
  const secretAccessKey = secret(environment, 'AWS_SECRET_ACCESS_KEY', text);
  const sessionToken = environment.AWS_SESSION_TOKEN ? secret(environment, 'AWS_SESSION_TOKEN', text) : undefined;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  return new S3BlobStore({ place: { endpoint, region, bucket, prefix: path === '' ? '' : `${path}/` }, credentials });
}

function openIpfs(url: URL, text: string, environment: Environment): RemoteBlobStore {
  onlyParameters(url, ['pin'], text);
  const api = httpUrl(`${url.protocol.slice('ipfs+'.length)}//${url.host}${url.pathname}`, 'host', text);
  if (!api.pathname.endsWith('/')) api.pathname += '/';
  const pin = url.searchParams.get('pin');
  if (pin === null) return new IpfsBlobStore({ api });
  const service = httpUrl(pin, 'pin', text);
  const isSafe = service.protocol === 'https:' || LOOPBACK.has(service.hostname);
  if (!isSafe) throw invalid('has a pinning service by https: its token would be readable on the way', text);
  const token = secret(environment, 'IPFS_PINNING_TOKEN', text);
  return new IpfsBlobStore({ api, pinning: new PinningService({ url: service, token }) });
}

function httpUrl(value: string, name: string, text: string): URL {
  const url = URL.parse(value);
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isHttp || !url.hostname) throw invalid(`has an ${name} that is an http or https URL`, text);
  if (url.username || url.password || url.search || url.hash) {
    throw invalid(`has an ${name} without user, query and #: secrets come from the environment`, `${url.protocol}//${url.host}`);
  }
  return url;
}

function onlyParameters(url: URL, known: readonly string[], text: string): void {
  for (const name of url.searchParams.keys()) {
    if (!known.includes(name))
      throw invalid(`knows no parameter ${name}, only ${known.join(' and ')}`, `${url.protocol}//${url.host}`);
    if (url.searchParams.getAll(name).length > 1) throw invalid(`has ${name} once`, text);
  }
}

function secret(environment: Environment, name: string, text: string): string {
  const value = environment[name];
  if (!value) throw invalid(`needs ${name} in the environment`, text);
  // Anything else could not be in a header, and the error would tell the value.
  if (!/^[\x21-\x7e]+$/.test(value)) throw invalid(`needs ${name} in the environment as one word`, text);
  return value;
}

function invalid(what: string, text: string): CasinoError {
  return new CasinoError('CONFIG_INVALID', `--blob-store ${what}${text ? `: ${text}` : ''}`);
}
