import type { FastifyCorsOptions } from '@fastify/cors';
import type { FastifyHelmetOptions } from '@fastify/helmet';

const PREFLIGHT_KEPT_SECONDS = 7_200;

/**
 * Which pages may use the API from a browser. Answers depend on nothing that a browser adds by itself (no cookies, no sessions): a page of
 * another origin sees what anyone sees, and can place a bet only with the bettor's signature (docs/decisions/0025-api-for-browsers.md).
 */
export const corsOptions = (origins: readonly string[]): FastifyCorsOptions => ({
  origin: origins.includes('*') ? '*' : [...origins],
  methods: ['GET', 'HEAD', 'POST'],
  allowedHeaders: ['content-type', 'if-none-match'],
  exposedHeaders: ['retry-after', 'etag', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'],
  maxAge: PREFLIGHT_KEPT_SECONDS,
});

/** The service may be reached without TLS, in a private network say: a browser must not be told to ask for its pages' parts over it. */
export const HEADERS: FastifyHelmetOptions = { contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } };
