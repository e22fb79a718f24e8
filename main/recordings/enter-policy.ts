/**
 * What to do when the SDK refuses to enter a room: trtc-electron-sdk's error codes as data. Retrying cannot help where the request
 * itself is wrong; it is the only thing that helps where the network or the service is at fault.
 */
export interface EnterVerdict {
  /**
   * `network`: line or service; `busy`: no place in the room; `absent`: nobody has opened the room yet; `once`: worth one more try;
   * `few`: nobody knows; `never`: the request itself is wrong.
   */
  kind: 'network' | 'busy' | 'absent' | 'once' | 'few' | 'never';
  /** Words for the operator and the caller. */
  meaning: string;
}

/** How a kind of refusal is tried again. */
interface RetryPlan {
  /** How often entering is tried in all, the first time included. */
  maxAttempts: number;
  /** Pause before the next try; doubled each time up to the longest. */
  firstDelayMs: number;
  longestDelayMs: number;
}

const PLANS: Readonly<Record<EnterVerdict['kind'], RetryPlan>> = {
  network: { maxAttempts: 10, firstDelayMs: 1_000, longestDelayMs: 60_000 },
  busy: { maxAttempts: 20, firstDelayMs: 10_000, longestDelayMs: 60_000 },
  absent: { maxAttempts: Number.POSITIVE_INFINITY, firstDelayMs: 5_000, longestDelayMs: 20_000 },
  once: { maxAttempts: 2, firstDelayMs: 1_000, longestDelayMs: 1_000 },
  few: { maxAttempts: 3, firstDelayMs: 1_000, longestDelayMs: 60_000 },
  never: { maxAttempts: 1, firstDelayMs: 0, longestDelayMs: 0 },
};

const NETWORK = { kind: 'network' } as const;
const BUSY = { kind: 'busy' } as const;
const ABSENT = { kind: 'absent' } as const;
const ONCE_MORE = { kind: 'once' } as const;
const NEVER = { kind: 'never' } as const;

/** What is known of the SDK's codes for entering a room. */
export const ENTER_CODES: ReadonlyMap<number, EnterVerdict> = new Map<number, EnterVerdict>([
  [-3301, { kind: 'few', meaning: 'entering the room failed' }],
  [-3302, { ...NETWORK, meaning: 'no heartbeat from the TRTC service' }],
  [-3303, { ...NETWORK, meaning: 'no address of the TRTC service' }],
  [-3304, { ...NETWORK, meaning: 'no connection to the TRTC service' }],
  [-3306, { ...NETWORK, meaning: 'the TRTC service did not answer in time' }],
  [-3307, { ...NETWORK, meaning: 'the TRTC service did not answer in time' }],
  [-3308, { ...NETWORK, meaning: 'entering took too long; a firewall may block UDP port 8000' }],
  [-3316, { ...NEVER, meaning: 'parameters for entering are missing' }],
  [-3317, { ...NEVER, meaning: 'SdkAppId is not valid' }],
  [-3318, { ...NEVER, meaning: 'RoomId is not valid' }],
  [-3319, { ...NEVER, meaning: 'UserId is not valid' }],
  [-3320, { ...NEVER, meaning: 'UserSig is not valid; make a new one' }],
  [-3340, { ...ONCE_MORE, meaning: 'the recorder is already in this room' }],
  [-100006, { ...NEVER, meaning: 'the private map key was refused' }],
  [-100010, { ...NEVER, meaning: 'the room id is not valid' }],
  [-100011, { ...NEVER, meaning: 'scene or role is not valid' }],
  [-100013, { ...NEVER, meaning: 'the TRTC service is suspended for this application (arrears or no minutes left)' }],
  [-100014, { ...NEVER, meaning: 'the room id is not valid' }],
  [-100015, { ...NEVER, meaning: 'SdkAppId is missing' }],
  [-100018, { ...ONCE_MORE, meaning: 'UserSig was refused or has expired; make a new one' }],
  [-70001, { ...ONCE_MORE, meaning: 'UserSig has expired; make a new one' }],
  [-70003, { ...NEVER, meaning: 'UserSig is not valid' }],
  [-70009, { ...NEVER, meaning: 'UserSig was made with another key' }],
  [-70010, { ...NEVER, meaning: 'UserSig is not valid' }],
  [-70013, { ...NEVER, meaning: 'UserSig was made for another UserId' }],
  [-70014, { ...NEVER, meaning: 'UserSig was made for another SdkAppId' }],
  [-70020, { ...NEVER, meaning: 'SdkAppId is unknown' }],
  [-70051, { ...NEVER, meaning: 'the account is blocked' }],
  [-70052, { ...NEVER, meaning: 'UserSig is not valid any more' }],
  [-70347, { ...ONCE_MORE, meaning: 'UserSig has expired; make a new one' }],
  [-70500, { ...NETWORK, meaning: 'internal error of the TRTC service' }],
  [-101000, { ...ONCE_MORE, meaning: 'the token for entering was refused' }],
  [-101001, { ...ONCE_MORE, meaning: 'the token for entering was refused' }],
  [-101002, { ...ONCE_MORE, meaning: 'the token for entering was refused' }],
  [-102003, { ...ONCE_MORE, meaning: 'the signature for entering was refused or has expired' }],
  [-102004, { ...ONCE_MORE, meaning: 'the signature for entering was refused or has expired' }],
  [-102001, { ...NEVER, meaning: 'the room id is not valid' }],
  [-102005, { ...ABSENT, meaning: 'the room does not exist yet' }],
  [-101003, { ...ABSENT, meaning: 'the room does not exist yet' }],
  [-102006, { ...NETWORK, meaning: 'the TRTC service could not add the recorder' }],
  [-102008, { ...NEVER, meaning: 'another client uses the same UserId; give the recorder one of its own' }],
  [-102010, { ...ABSENT, meaning: 'the recorder may not create the room and nobody has opened it yet' }],
  [-102011, { ...NEVER, meaning: 'the recorder may not enter this room' }],
  [-102018, { ...NEVER, meaning: 'the recorder was removed from this room' }],
  [-102029, { ...NEVER, meaning: 'the room id is not valid' }],
  [-102030, { ...NEVER, meaning: 'the room id is not valid' }],
  [-102055, { ...NEVER, meaning: 'scene or role is not valid' }],
  [-102052, { ...BUSY, meaning: 'the room is full' }],
  [-102056, { ...BUSY, meaning: 'too many audience members are in the room' }],
]);

/** Verdict for an SDK error code (negative). Codes −70003…−70010 without an entry of their own are signature failures. */
export function enterVerdict(code: number): EnterVerdict {
  const known = ENTER_CODES.get(code);
  if (known) return known;
  if (code <= -70003 && code >= -70010) return { kind: 'never', meaning: 'UserSig is not valid' };
  return { kind: 'few', meaning: `the TRTC service answered with code ${code}` };
}

/** What is known of a recording whose recorder was just refused. */
export interface Refusal {
  /** Tries without success, this one included. */
  attempts: number;
  /** For how long it has been tried without success: since the request, or since the recorder was in the room. */
  triedForMs: number;
  /** Whether the recorder was in the room before. */
  wasInRoom: boolean;
}

export interface EnterLimits {
  /** No anchor for this long ends a recording; a room that is not there has none. */
  idleMs: number;
  /** A recorder that was in the room tries to come back for this long while line or service are away. */
  reenterMs: number;
}

export type EnterDecision =
  | { kind: 'retry'; delayMs: number }
  /** `dissolved`: the room was there and is gone, which is no failure. */
  | { kind: 'end'; reason: 'error' | 'idle' | 'dissolved' };

/**
 * What follows from a refusal. A room that does not exist yet is waited for as an anchor is; one that existed is gone for good. A recorder
 * that was in the room has something to lose, so it tries to come back for longer than a new one tries to come in.
 */
export function decideEnter(code: number, refusal: Refusal, limits: EnterLimits): EnterDecision {
  const { kind } = enterVerdict(code);
  const { maxAttempts, firstDelayMs, longestDelayMs } = PLANS[kind];
  const delayMs = Math.min(firstDelayMs * 2 ** (refusal.attempts - 1), longestDelayMs);
  const retry: EnterDecision = { kind: 'retry', delayMs };
  if (kind === 'absent') {
    if (refusal.wasInRoom) return { kind: 'end', reason: 'dissolved' };
    return refusal.triedForMs < limits.idleMs ? retry : { kind: 'end', reason: 'idle' };
  }
  if (kind === 'network' && refusal.wasInRoom) {
    return refusal.triedForMs < limits.reenterMs ? retry : { kind: 'end', reason: 'error' };
  }
  return refusal.attempts < maxAttempts ? retry : { kind: 'end', reason: 'error' };
}
