export * from './vocabulary.ts';
export * from './model.ts';
export * from './host-policy.ts';
export * from './core.ts';
