export * from './network/commands.ts';
export * from './network/host.ts';
export * from './network/network.ts';
export * from './network/topology.ts';
export * from './pce/client.ts';
export * from './pce/pce.ts';
export * from './fleet/pairing.ts';
export * from './wait.ts';
