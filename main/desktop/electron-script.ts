import { utilityProcess } from 'electron';
import type { StartScript } from '../own-script.ts';

/**
 * Starts one of the product's own scripts in a utility process. Such a process stays when its script has nothing left to do, so whoever
 * starts one that does not end by itself has to kill it.
 */
export const startUtilityScript: StartScript = (file, args, environment) => {
  const child = utilityProcess.fork(file, [...args], {
    stdio: 'pipe',
    env: environment,
    serviceName: 'recorder script',
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the script was started without its output');
  return {
    ...{ stdout, stderr },
    exited: new Promise((resolve) => child.once('exit', resolve)),
    kill: () => void child.kill(),
  };
};
