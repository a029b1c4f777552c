/** Every limit of the public API, with its default; docs/reference/api.md lists them for readers. */
export interface ApiLimits {
  /** A bet takes some 700 bytes. */
  bodyBytes: number;
  headerBytes: number;
  /** Longest until a request's headers are there, and until all of it is. */
  headersMs: number;
  requestMs: number;
  /** Longest that a connection may stand still while an answer is under way, and between requests. */
  stalledMs: number;
  keepAliveMs: number;
  /** How often the two limits on a request's arrival are looked at. */
  checkMs: number;
  connections: number;
  connectionsPerAddress: number;
  /** Requests that have begun and are not answered, bets over WebSocket among them. */
  inFlight: number;
  inFlightPerAddress: number;
  /** Bets under way on one WebSocket: their answers, some 3,300 bytes each, and events must not be more than may be left unread. */
  inFlightPerSocket: number;
  /** Mean delay of the event loop over a second beyond which requests are put off. */
  eventLoopDelayMs: number;
  /** WebSockets, whether they hear events, send bets, or both. */
  subscribers: number;
  subscribersPerAddress: number;
  /** A WebSocket that leaves this much unread is cut off: it can fetch what it missed. */
  unreadBytes: number;
  /** Beyond this a message ends its WebSocket unread; one that is larger than a body may be, and not than this, is answered. */
  socketMessageBytes: number;
  /** Events that can be told again, by number and by size. A taken bet makes one of some 3,500 bytes. */
  keptEvents: number;
  keptEventBytes: number;
  /** A subscriber is pinged this often and cut off if it has not answered by the next; it may ping us so often in between. */
  heartbeatMs: number;
  pingsPerHeartbeat: number;
}

export const API_LIMITS: ApiLimits = {
  bodyBytes: 4_096,
  headerBytes: 8_192,
  headersMs: 5_000,
  requestMs: 10_000,
  stalledMs: 30_000,
  keepAliveMs: 30_000,
  checkMs: 1_000,
  connections: 16_384,
  connectionsPerAddress: 2_048,
  inFlight: 8_192,
  inFlightPerAddress: 1_024,
  inFlightPerSocket: 128,
  eventLoopDelayMs: 500,
  subscribers: 2_000,
  subscribersPerAddress: 200,
  unreadBytes: 1_048_576,
  socketMessageBytes: 8_192,
  keptEvents: 65_536,
  keptEventBytes: 33_554_432,
  heartbeatMs: 30_000,
  pingsPerHeartbeat: 60,
};
