import type { Static } from 'typebox';
import type { ApplicationSchema, DestinationSchema } from '../../shared/api/preset-routes.ts';
import type { FieldError } from '../../shared/errors.ts';
import type { ParseOptions } from '../../shared/request.ts';
import type { ProblemResult } from './box-api.ts';

export type DestinationView = Static<typeof DestinationSchema>;
export type ApplicationView = Static<typeof ApplicationSchema>;

/** A request by hand in which names gave way to what they stand for. Secret: it holds keys and a UserSig. */
export interface ResolvedRequest {
  body: unknown;
  /** Why a name stands for nothing. */
  errors: FieldError[];
  /** Fields for which a name stands that stands for nothing: nobody has to hear that they are missing. */
  standsFor: readonly string[];
}

/** Saved destinations and applications as the HTTP face sees them. No secret ever comes out but by `resolve`. */
export interface PresetsApi {
  /** By name. */
  destinations(): DestinationView[];
  /** Saves one, or says what is wrong with it. Keys that are left out stay as they are. */
  putDestination(name: string, body: unknown, options: ParseOptions): DestinationView | ProblemResult;
  /** @returns whether there was one. */
  removeDestination(name: string): boolean | ProblemResult;
  /** By name. */
  applications(): ApplicationView[];
  /** Saves one, or says what is wrong with it. A key that is left out stays as it is. */
  putApplication(name: string, body: unknown): ApplicationView | ProblemResult;
  /** @returns whether there was one. */
  removeApplication(name: string): boolean | ProblemResult;
  /** Puts what they stand for in the place of names. */
  resolve(body: unknown): ResolvedRequest;
}
