import { loadSoundKernel } from '../../main/capture/mix/kernel/load.ts';

/** The compiled kernel, loaded before anything runs: one serves all mixers, and frozen time does not wait for the disk. */
export const soundKernel = await loadSoundKernel();
