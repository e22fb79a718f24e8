import type { CallbackEvent } from './callback-events.ts';
import type { FieldError } from './errors.ts';
import type { Layout, Mode } from './recording.ts';
import type { Text } from './texts/language.ts';

/** Where the file goes. Secret: SecretId, SecretKey, Token. */
export interface CosTarget {
  Region: string;
  Bucket: string;
  /** Starts with `/`, does not end with it (the root is `/` alone), no empty, `.` or `..` segment. */
  Path: string;
  /** Null: the box uses the credentials stored in its own settings. SecretId and SecretKey are null together. */
  SecretId: string | null;
  SecretKey: string | null;
  /** Session token of a temporary pair. */
  Token: string | null;
}

/** A request that obeys every rule, defaults filled in, under its wire names. Secret: UserSig and parts of CosConfig. */
export interface RecordingRequest {
  SdkAppId: number;
  /** Exactly one of RoomId and StrRoomId is not null; RoomId wins when a caller sends both. */
  RoomId: number | null;
  StrRoomId: string | null;
  UserId: string;
  UserSig: string;
  CosConfig: CosTarget;
  /** As the WHATWG URL parser writes it; null when the caller wants no callback. */
  Callback: string | null;
  /** Which events the caller wants beside the result, in the catalogue's order and each once; only with Callback. */
  Event: readonly CallbackEvent[];
  Mode: Mode;
  IsReserve: boolean;
  /** One file per user beside the mix; always false in the modes that make only those. */
  AlsoSingle: boolean;
  /** Null: as the box is set. */
  Layout: Layout | null;
  /** Names to show for user ids. */
  Names: Readonly<Record<string, string>>;
}

/** Something the caller should know although the request is accepted. Holds no secret. */
export interface RequestWarning {
  field: string;
  message: Text;
}

/** What a UserSig has to say. */
export interface UserSigExpectation {
  /** Null when the request's own value is broken and there is nothing to compare with. */
  SdkAppId: number | null;
  /** Null when the request's own value is broken and there is nothing to compare with. */
  UserId: string | null;
  /** Milliseconds since 1970. */
  nowMs: number;
}

/** Verdict of a local check of a UserSig; the texts never hold the signature. */
export type UserSigVerdict =
  | { ok: true; warning: Text | null }
  | { ok: false; rule: string; message: Text; remedy: Text };

/** Reads a UserSig without the network; injected because inflating needs Node, which `shared` does not. */
export type UserSigCheck = (userSig: string, expected: UserSigExpectation) => UserSigVerdict;

export interface ParseOptions {
  /** Milliseconds since 1970. */
  nowMs: number;
  /** True when the box has COS credentials of its own for requests that bring none. */
  hasStoredCredentials: boolean;
  /** Null in simulated rooms: any text passes as UserSig there. */
  checkUserSig: UserSigCheck | null;
  /** Says why the box would not call what a request names, as far as the name tells; null or absent: anything may be named. */
  judgeTarget?: TargetCheck | null | undefined;
}

/**
 * Why a host would not be called: `forbidden` is an address that nobody may be sent to, `loopback` the box's own machine, `notListed` not
 * among the hosts that its settings allow. Null when it may be tried.
 */
export type TargetCheck = (
  target: { kind: 'callback'; host: string } | { kind: 'bucket'; bucket: string; region: string },
) => 'forbidden' | 'loopback' | 'notListed' | null;

export type ParsedRequest =
  | { ok: true; request: RecordingRequest; warnings: RequestWarning[] }
  | { ok: false; errors: FieldError[] };
