/**
 * Child process of the upload benchmark: a COS server by itself, so that neither side of the comparison shares its thread. Argument: its
 * folder. Tells its address, and on any message what was asked of it.
 */
import { startCosServer } from '../../main/selftest/cos-server/index.ts';
import { CREDENTIAL } from '../support/cos-rig.ts';

const server = await startCosServer({ directory: process.argv[2] ?? '', port: 0, credentials: [CREDENTIAL] });
process.on('message', () => process.send?.({ requests: server.requests }));
process.on('disconnect', () => process.exit(0));
process.send?.({ url: server.url });
