import { currentSetup, type SimulationSetup } from './configuration.ts';
import { NativeCloud } from './native-cloud.ts';

/** What the native addon exports; the SDK's JavaScript makes one instance per TRTCCloud. */
export interface Addon {
  NodeTRTCCloud: new (config?: unknown) => NativeCloud;
}

/**
 * Stand-in for the SDK's native addon. Any method it does not know throws, so that a new SDK version that calls more is
 * noticed.
 */
export function createAddon(setup: () => SimulationSetup): Addon {
  class NodeTRTCCloud {
    constructor() {
      // biome-ignore lint/correctness/noConstructorReturn: the SDK makes the object with `new`, and it has to be a proxy.
      return refuseUnknown(new NativeCloud(setup()));
    }
  }
  return { NodeTRTCCloud: NodeTRTCCloud as unknown as Addon['NodeTRTCCloud'] };
}

/** What `require('…/trtc_electron_sdk.node')` gives while rooms are simulated. */
export const simulatedAddon = createAddon(currentSetup);

function refuseUnknown<T extends NativeCloud>(cloud: T): T {
  return new Proxy(cloud, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (value === undefined && typeof property === 'string' && property !== 'then') {
        throw new TypeError(`the simulated TRTC addon has no method "${property}"`);
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
