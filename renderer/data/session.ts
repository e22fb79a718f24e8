import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { mayDo, type Role } from '../../shared/api/route.ts';
import { api } from './api.ts';
import { useRoute } from './queries.ts';
import { leaveForSignIn } from './signed-out.ts';

/** Whether this browser may do what is open to `needed`; false until the box has told. */
export function useMay(needed: Role): boolean {
  const { data } = useRoute('getSession', {});
  return data !== undefined && data.role !== null && mayDo(data.role, needed);
}

/** While no events come, the box is asked this often whether it still knows this browser. */
const ASK_MS = 3000;

export interface Session {
  /** False on a box that asks nobody for a token. */
  canSignOut: boolean;
  signOut(): Promise<void>;
}

/**
 * Who is here. A session that ended meanwhile (signed out elsewhere, token deleted) ends the stream of events as a box that is away
 * does; asking tells the two apart.
 */
export function useSession(isConnected: boolean): Session {
  const queries = useQueryClient();
  const { data } = useRoute('getSession', {}, isConnected ? {} : { refetchMs: ASK_MS });
  const isOut = data?.required === true && data.role === null;
  useEffect(() => {
    if (isOut) leaveForSignIn();
  }, [isOut]);
  return {
    canSignOut: data?.required === true,
    async signOut() {
      await api().call('closeSession', {});
      queries.clear();
      leaveForSignIn();
    },
  };
}
