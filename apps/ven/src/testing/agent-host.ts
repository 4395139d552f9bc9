/** An activated agent on a host in memory, with a PCE of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VenMessage } from '@bulkhead/contract';
import { activate } from '../agent/activation.ts';
import { startAgent, type Agent } from '../agent/agent.ts';
import { createLog } from '../agent/log.ts';
import { openStore, type Store } from '../agent/store.ts';
import { createFakePlatform, type FakePlatform } from '../platform/fake/fake-platform.ts';
import { startTestPce, TEST_CODE, TEST_FINGERPRINT, type TestPce } from './test-pce.ts';

export interface AgentHost {
  readonly pce: TestPce;
  readonly platform: FakePlatform;
  readonly store: Store;
  readonly agent: Agent;
  /** The last message of a type that the PCE got. */
  last<Type extends VenMessage['type']>(
    type: Type,
  ): Extract<VenMessage, { type: Type }> | undefined;
  /** Stops the agent and starts it on the same host, from what is on its disk. */
  restart(): Promise<void>;
  /** Version of the last policy state that was acknowledged. */
  applied(): number | undefined;
  close(): Promise<void>;
}

/** The PCE as `prepare` leaves it is there before the agent; a server unless it is to be an endpoint. */
export async function startAgentHost(
  prepare: (pce: TestPce) => void,
  { endpoint = false } = {},
): Promise<AgentHost> {
  const folder = await mkdtemp(join(tmpdir(), 'ven-host-'));
  const store = openStore(join(folder, 'data'));
  const pce = await startTestPce();
  const platform = createFakePlatform();
  const log = createLog(
    () => undefined,
    () => new Date(),
  );
  prepare(pce);
  await activate(
    {
      managementServer: `localhost:${pce.port}`,
      activationCode: TEST_CODE,
      endpoint,
      caFingerprint: TEST_FINGERPRINT,
      caFile: null,
      name: null,
      labels: {},
      enforcementMode: null,
      flowReportSeconds: 1,
      reconnectSeconds: 1,
    },
    platform,
    store,
  );
  const start = (): Promise<Agent> =>
    startAgent({
      platform,
      store,
      log,
      unpairAsked: () => undefined,
      restartAsked: () => undefined,
    });
  let agent = await start();

  function last<Type extends VenMessage['type']>(
    type: Type,
  ): Extract<VenMessage, { type: Type }> | undefined {
    return pce.messages
      .filter((message): message is Extract<VenMessage, { type: Type }> => message.type === type)
      .at(-1);
  }

  return {
    store,
    pce,
    platform,
    get agent() {
      return agent;
    },
    async restart() {
      await agent.close(null);
      agent = await start();
    },
    last,
    applied: () => last('applied')?.version,
    async close() {
      await agent.close(null);
      await pce.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
