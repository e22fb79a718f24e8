import type { Readable } from 'node:stream';
import type { Static } from 'typebox';
import type {
  AttentionFactsSchema,
  CallbackCheckSchema,
  CosCheckSchema,
  EncodersCheckSchema,
  FirstRunSchema,
} from '../../shared/api/check-routes.ts';
import type { Text } from '../../shared/texts/language.ts';
import type { ProblemResult } from './box-api.ts';

/** An answer before its texts are in anybody's language. */
type Untold<View> = {
  [Key in keyof View]: Key extends 'message' ? Text : Key extends 'remedy' ? Text | null : View[Key];
};

type CosCheckAnswer = Static<typeof CosCheckSchema>;
export type CosCheckView = Omit<CosCheckAnswer, 'steps'> & { steps: Untold<CosCheckAnswer['steps'][number]>[] };
export type CallbackCheckView = Untold<Static<typeof CallbackCheckSchema>>;
type EncodersAnswer = Static<typeof EncodersCheckSchema>;
export type EncodersCheckView = Omit<EncodersAnswer, 'encoders' | 'remedy'> & {
  remedy: Text | null;
  encoders: Untold<EncodersAnswer['encoders'][number]>[];
};
export type AttentionFacts = Static<typeof AttentionFactsSchema>;
export type FirstRunView = Static<typeof FirstRunSchema>;

/** Secret: SecretId, SecretKey, Token. */
export interface CosCheckRequest {
  destination?: string | undefined;
  Region?: string | undefined;
  Bucket?: string | undefined;
  Path?: string | undefined;
  SecretId?: string | null | undefined;
  SecretKey?: string | null | undefined;
  Token?: string | null | undefined;
}

export interface CallbackCheckRequest {
  url: string;
  /** Undefined: the box's own; null: none. Secret. */
  signingKey?: string | null | undefined;
}

/** Trying before saving, what needs a person, and the guide for a new box, as the HTTP face sees them. */
export interface ChecksApi {
  cos(request: CosCheckRequest): Promise<CosCheckView | ProblemResult>;
  callback(request: CallbackCheckRequest): Promise<CallbackCheckView | ProblemResult>;
  encoders(): Promise<EncodersCheckView>;
  attention(): Promise<AttentionFacts>;
  firstRun(): Promise<FirstRunView>;
  changeFirstRun(change: Partial<Pick<FirstRunView, 'dismissed' | 'step'>>): Promise<FirstRunView>;
}

/** What support asks for, as the HTTP face sees it. */
export interface DiagnosticsApi {
  /** A zip that is made while it is read, and the name to save it under. */
  bundle(): Promise<{ name: string; stream: Readable }>;
}
