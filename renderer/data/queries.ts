import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { ApiError, type RouteName } from '../../shared/api/client.ts';
import { mayDo, type RouteInput } from '../../shared/api/route.ts';
import type { ROUTES } from '../../shared/api/routes.ts';
import { api } from './api.ts';
import { isSignedOut, leaveForSignIn } from './signed-out.ts';

type Input<Name extends RouteName> = RouteInput<(typeof ROUTES)[Name]>;

/** A client that asks again while the box is away, and does not repeat what the box refused. Whose session ended signs in anew. */
export function createQueries(): QueryClient {
  const onError = (error: Error) => {
    if (isSignedOut(error)) leaveForSignIn();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => !(error instanceof ApiError) && failures < 3,
        retryDelay: (failures) => Math.min(500 * 2 ** failures, 5000),
      },
    },
  });
}

/** What the box answers on a route; asked anew when the live events say that it changed. */
export function useRoute<Name extends RouteName>(
  name: Name,
  input: Input<Name>,
  options: { enabled?: boolean; refetchMs?: number } = {},
) {
  return useQuery({
    queryKey: [name, input],
    queryFn: ({ signal }) => api().call(name, input, { signal }),
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
    refetchInterval: options.refetchMs ?? false,
  });
}

/** Asks the box to do something, and reads what may have changed by it anew. */
export function useAction<Name extends RouteName>(name: Name, changes: readonly RouteName[] = []) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input<Name>) => api().call(name, input),
    onSettled: async () => {
      await Promise.all(changes.map((changed) => queries.invalidateQueries({ queryKey: [changed] })));
    },
  });
}

/** Has what stands on every page ready before the first picture, so that nothing moves when it comes. Never later than `withinMs`. */
export async function prepare(queries: QueryClient, withinMs: number): Promise<void> {
  const ask = (name: 'healthz' | 'getFirstRun') =>
    queries.prefetchQuery({
      queryKey: [name, {}],
      queryFn: ({ signal }) => api().call(name, {}, { signal }),
      retry: false,
    });
  const askWho = async () => {
    const { role } = await queries.fetchQuery({
      queryKey: ['getSession', {}],
      queryFn: ({ signal }) => api().call('getSession', {}, { signal }),
      retry: false,
    });
    // The offer of the guide stands above everything, for who may follow it.
    if (role !== null && mayDo(role, 'admin')) await ask('getFirstRun');
  };
  const asked = Promise.allSettled([ask('healthz'), askWho()]);
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, withinMs))]);
}
