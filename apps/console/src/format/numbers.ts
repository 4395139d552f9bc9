/** Under 10,000 all digits with separators; above, three figures and a unit. */
export function formatCount(value: number): string {
  if (value < 10_000) return value.toLocaleString('en-US');
  const [divisor, unit] = value < 1_000_000 ? ([1000, 'k'] as const) : ([1_000_000, 'M'] as const);
  const scaled = value / divisor;
  return `${scaled < 100 ? scaled.toFixed(1) : Math.round(scaled)} ${unit}`;
}

/** "1 workload", "3 workloads", "2 policies". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
