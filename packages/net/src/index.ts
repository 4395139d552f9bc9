export * from './address.ts';
export * from './spans.ts';
