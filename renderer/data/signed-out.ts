import { ApiError } from '../../shared/api/client.ts';

/** Whether an answer says that nobody is signed in here, as when a session has ended. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.problem.code === 'UNAUTHORIZED';
}

/** Loads the page anew: whom it does not know the box answers with the page for signing in. */
export function leaveForSignIn(): void {
  location.reload();
}
