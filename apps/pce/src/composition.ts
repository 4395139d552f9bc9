/**
 * Builds a PCE and takes it down again; with config.ts the only place that constructs things.
 *
 * To add a resource: export `function xyzRoutes(deps: Deps): Routes` from `resources/xyz/routes.ts` (handlers by operation of the endpoint
 * table, see http/routes.ts) and put `{ routes: xyzRoutes(deps) }` into `partsOf` below. What runs beside requests (compute, gateway) is a
 * Part with `start` and `stop`; parts start in order after the database is ready and before the port opens, and stop in reverse order
 * after it is closed. What every new organization has is a Seeder in `SEEDERS`.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { eventSettingsRoutes } from './audit/event-settings.ts';
import { eventRoutes } from './audit/routes.ts';
import type { Config } from './config.ts';
import { Compute } from './compute/compute.ts';
import { measurePolicy } from './compute/metrics.ts';
import { policyQuestionRoutes } from './compute/routes.ts';
import { DatabasePolicyLoader } from './compute/database-policy-loader.ts';
import { lockDataFolder, prepareDataFolder } from './data-folder.ts';
import { ChangeLog } from './db/change-log.ts';
import { EmbeddedFlowStore } from './db/clickhouse/embedded-flow-store.ts';
import { ServerFlowStore } from './db/clickhouse/server-flow-store.ts';
import { housekeeping } from './db/housekeeping.ts';
import { connectionFile, openDatabase } from './db/open-database.ts';
import type { Clock, Deps } from './deps.ts';
import { writeFileAtomically } from './files.ts';
import { Gateway } from './gateway/gateway.ts';
import { buildApp, type UpgradeHandler } from './http/build-app.ts';
import type { VenResolver } from './http/caller.ts';
import { publicUrl } from './http/public-url.ts';
import type { Routes } from './http/routes.ts';
import { REQUESTS_PER_MINUTE } from './http/rate-limits.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { loadServerIdentity } from './http/tls.ts';
import { OperationalError, errorCode, explainFileError } from './operational-error.ts';
import { Jobs } from './jobs/jobs.ts';
import { accessRoutes } from './resources/access-routes.ts';
import { PolicyTests } from './policy-tests/policy-tests.ts';
import { policyTestRoutes } from './policy-tests/routes.ts';
import { provisioningRoutes } from './provisioning/routes.ts';
import { VersionEffects } from './provisioning/version-effects.ts';
import { health, nodeRoutes } from './resources/node/routes.ts';
import { orgRoutes } from './resources/orgs/routes.ts';
import { isSetUp, setUp, type Seeder, type SetupRequest } from './resources/orgs/setup.ts';
import { RESOURCE_SEEDERS, resourceRoutes } from './resources/resource-routes.ts';
import { ruleQuestionRoutes } from './resources/rule-sets/rule-questions.ts';
import { userRoutes } from './resources/users/routes.ts';
import { sinkRoutes } from './sinks/routes.ts';
import { Sinks } from './sinks/sinks.ts';
import { measureSinks } from './sinks/status.ts';
import { Traffic } from './traffic/traffic.ts';

export interface Part {
  readonly routes?: Routes;
  /** WebSocket upgrades by path, such as `/api/v2/ven/channel`. */
  readonly upgrades?: ReadonlyMap<string, UpgradeHandler>;
  readonly resolveVen?: VenResolver;
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

export const SEEDERS: readonly Seeder[] = RESOURCE_SEEDERS;

function partsOf(deps: Deps, jobs: Jobs): Part[] {
  const { db, changeLog, logger } = deps;
  const compute = new Compute({ changeLog, loader: new DatabasePolicyLoader(db), db, logger });
  measurePolicy(deps.metrics, compute);
  const policyTests = new PolicyTests(deps, compute);
  const gateway = new Gateway(deps, compute);
  const sinks = new Sinks(deps, () => health(deps));
  measureSinks(deps.metrics, db, () => deps.clock.now());
  const traffic = new Traffic(deps, {
    compute,
    offer: (orgId, rows) => sinks.offerFlows(orgId, rows),
  });
  const versionEffects = new VersionEffects(deps, compute);
  return [
    { routes: nodeRoutes(deps) },
    { routes: orgRoutes(deps) },
    { routes: userRoutes(deps) },
    ...accessRoutes(deps).map((routes) => ({ routes })),
    { routes: eventRoutes() },
    { routes: eventSettingsRoutes(deps) },
    { routes: sinkRoutes(deps, sinks), start: () => sinks.start(), stop: () => sinks.stop() },
    ...resourceRoutes(deps).map((routes) => ({ routes })),
    {
      routes: provisioningRoutes(deps, { tests: policyTests, compute, traffic }),
      start: () => versionEffects.start(),
      stop: () => versionEffects.stop(),
    },
    housekeeping(deps),
    { routes: jobs.routes(), start: () => jobs.start(), stop: () => jobs.stop() },
    {
      routes: { ...policyQuestionRoutes(compute), ...ruleQuestionRoutes(compute) },
      start: () => compute.start(),
      stop: () => compute.stop(),
    },
    {
      routes: policyTestRoutes(deps, policyTests),
      start: () => policyTests.start(),
      stop: () => policyTests.stop(),
    },
    {
      routes: gateway.routes(),
      upgrades: gateway.upgrades,
      resolveVen: gateway.resolveVen,
      start: () => gateway.start(),
      stop: () => gateway.stop(),
    },
    { routes: traffic.routes(), start: () => traffic.start(), stop: () => traffic.stop() },
  ];
}

export interface PceOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** For a PCE that is not set up: what to set it up with. Asked for only then. */
  readonly setup?: () => Promise<SetupRequest>;
  /** Further settings of the embedded database. */
  readonly databaseSettings?: Readonly<Record<string, string>>;
  /** Where the built console lies, when not beside this program (tests). */
  readonly consoleFolder?: string;
  /** Requests that one API key or session may make in a minute, when not as many as everywhere (tests). */
  readonly requestsPerMinute?: number;
  /** Tests: every answer is held against its schema; one that differs is a 500. */
  readonly checkAnswers?: boolean;
}

export interface Pce {
  readonly deps: Deps;
  /** Base URL by the public name. */
  readonly url: string;
  close(): Promise<void>;
}

const SYSTEM_CLOCK: Clock = { now: () => new Date() };

/** Things to take down, in the reverse order of their coming up. */
class Teardown {
  readonly #steps: (() => Promise<unknown>)[] = [];
  add(step: () => Promise<unknown>): void {
    this.#steps.unshift(step);
  }
  async run(logger: Logger): Promise<void> {
    for (const step of this.#steps.splice(0)) {
      await step().catch((error: unknown) =>
        logger.error({ err: error }, 'a part did not stop cleanly'),
      );
    }
  }
}

/** Resolves when the PCE serves. Throws OperationalError for what the operator can mend; then nothing stays behind. */
export async function startPce(options: PceOptions): Promise<Pce> {
  const teardown = new Teardown();
  try {
    const { deps, url } = await bringUp(options, teardown);
    return { deps, url, close: () => teardown.run(options.logger) };
  } catch (error) {
    await teardown.run(options.logger);
    throw explainFileError(error, options.config.data);
  }
}

async function bringUp(
  options: PceOptions,
  teardown: Teardown,
): Promise<{ deps: Deps; url: string }> {
  const { config, logger } = options;
  const clock = options.clock ?? SYSTEM_CLOCK;
  await prepareDataFolder(config.data);
  const lock = await lockDataFolder(config.data);
  teardown.add(() => lock.release());
  const identity = await loadServerIdentity(config, clock.now());
  const database = await openDatabase(config, logger, options.databaseSettings);
  teardown.add(() => database.close());
  if (config.databaseUrl === undefined)
    await writeFileAtomically(connectionFile(config), JSON.stringify(database.connection), 0o600);
  if (!(await isSetUp(database.db)) && options.setup !== undefined)
    await setUp(database.db, await options.setup(), SEEDERS);

  const flowStore =
    config.clickhouseUrl === undefined
      ? new EmbeddedFlowStore(join(config.data, 'clickhouse'), logger)
      : new ServerFlowStore(config.clickhouseUrl);
  teardown.add(() => flowStore.close());
  const changeLog = new ChangeLog(database.connection, database.db, logger);
  await changeLog.start();
  teardown.add(() => changeLog.stop());
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const address = { port: config.port };
  const closing = new AbortController();
  const deps: Deps = {
    config,
    logger,
    clock,
    db: database.db,
    pool: database.pool,
    changeLog,
    flowStore,
    metrics,
    identity,
    address,
    closing: closing.signal,
  };

  const jobs = new Jobs(deps);
  const proxies = new TrustedProxies(database.db, config.trustedProxies);
  await proxies.start(changeLog, (error) =>
    logger.error({ err: error }, 'the trusted proxies could not be read'),
  );
  teardown.add(() => Promise.resolve(proxies.stop()));
  const parts = partsOf(deps, jobs);
  for (const part of parts) {
    if (part.stop !== undefined) teardown.add(() => part.stop?.() ?? Promise.resolve());
    await part.start?.();
  }
  const app = await buildApp({
    deps,
    routes: parts.flatMap((part) => (part.routes === undefined ? [] : [part.routes])),
    resolveVen: parts.find((part) => part.resolveVen !== undefined)?.resolveVen,
    asyncCollections: jobs,
    trustProxy: proxies.trust,
    requestsPerMinute: options.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    checkAnswers: options.checkAnswers ?? false,
    consoleFolder: options.consoleFolder,
    upgrades: new Map(parts.flatMap((part) => [...(part.upgrades ?? [])])),
  });
  teardown.add(() => app.close());
  teardown.add(() => Promise.resolve(closing.abort()));
  address.port = await listen(app, config);
  const url = publicUrl(deps);
  await writeFile(
    join(config.data, 'pce.json'),
    `${JSON.stringify({ pid: process.pid, url, port: address.port, ca_fingerprint: identity.caFingerprint, started_at: clock.now().toISOString() })}\n`,
  );
  return { deps, url };
}

type App = Awaited<ReturnType<typeof buildApp>>;

async function listen(app: App, config: Config): Promise<number> {
  const open = async (host: string): Promise<void> => {
    await app.listen({ port: config.port, host });
  };
  try {
    await open(config.host).catch((error: unknown) => {
      // A host without IPv6 cannot listen on "::".
      if (config.host === '::' && /^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test(errorCode(error) ?? ''))
        return open('0.0.0.0');
      throw error;
    });
  } catch (error) {
    switch (errorCode(error) ?? '') {
      case 'EADDRINUSE':
        throw new OperationalError(
          `Port ${config.port} is taken by another program; stop it, or choose another port with --port`,
        );
      case 'EACCES':
        throw new OperationalError(
          `No permission to listen on port ${config.port}; choose one above 1023 with --port`,
        );
      case 'EADDRNOTAVAIL':
        throw new OperationalError(
          `${config.host} is no address of this machine; choose another one with --host`,
        );
      default:
        throw error;
    }
  }
  const bound = app.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : config.port;
}
