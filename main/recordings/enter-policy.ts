/**
 * What to do when the SDK refuses to enter a room: trtc-electron-sdk's error codes as data. Retrying cannot help where the request
 * itself is wrong; it is the only thing that helps where the network or the service is at fault.
 */
export interface EnterVerdict {
  action: 'retry' | 'fail';
  /** How often entering is tried in all, the first time included. */
  maxAttempts: number;
  /** Pause before the next try; doubled each time. */
  firstDelayMs: number;
  /** Words for the operator and the caller. */
  meaning: string;
}

const NETWORK = { action: 'retry', maxAttempts: 10, firstDelayMs: 1_000 } as const;
const SLOW = { action: 'retry', maxAttempts: 20, firstDelayMs: 10_000 } as const;
const ONCE_MORE = { action: 'retry', maxAttempts: 2, firstDelayMs: 1_000 } as const;
const NEVER = { action: 'fail', maxAttempts: 1, firstDelayMs: 0 } as const;

const BY_CODE: ReadonlyMap<number, EnterVerdict> = new Map<number, EnterVerdict>([
  [-3301, { action: 'retry', maxAttempts: 3, firstDelayMs: 1_000, meaning: 'entering the room failed' }],
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
  [-102005, { ...SLOW, meaning: 'the room does not exist yet' }],
  [-101003, { ...SLOW, meaning: 'the room does not exist yet' }],
  [-102006, { ...NETWORK, meaning: 'the TRTC service could not add the recorder' }],
  [-102008, { ...NEVER, meaning: 'another client uses the same UserId; give the recorder one of its own' }],
  [-102010, { ...SLOW, meaning: 'the recorder may not create the room and nobody has opened it yet' }],
  [-102011, { ...NEVER, meaning: 'the recorder may not enter this room' }],
  [-102018, { ...NEVER, meaning: 'the recorder was removed from this room' }],
  [-102029, { ...NEVER, meaning: 'the room id is not valid' }],
  [-102030, { ...NEVER, meaning: 'the room id is not valid' }],
  [-102055, { ...NEVER, meaning: 'scene or role is not valid' }],
  [-102052, { ...SLOW, meaning: 'the room is full' }],
  [-102056, { ...SLOW, meaning: 'too many audience members are in the room' }],
]);

/** An answer nobody documented: try a few times, then fail with code and text. */
const UNKNOWN = { action: 'retry', maxAttempts: 3, firstDelayMs: 1_000 } as const;

/** Verdict for an SDK error code (negative). Codes −70003…−70010 without an entry of their own are signature failures. */
export function enterVerdict(code: number): EnterVerdict {
  const known = BY_CODE.get(code);
  if (known) return known;
  if (code <= -70003 && code >= -70010) return { ...NEVER, meaning: 'UserSig is not valid' };
  return { ...UNKNOWN, meaning: `the TRTC service answered with code ${code}` };
}

/** Pause before try number `attempt + 1`, or null when the tries are used up or useless. */
export function enterRetryDelayMs(code: number, attemptsMade: number): number | null {
  const verdict = enterVerdict(code);
  if (verdict.action === 'fail' || attemptsMade >= verdict.maxAttempts) return null;
  return Math.min(verdict.firstDelayMs * 2 ** (attemptsMade - 1), 60_000);
}
