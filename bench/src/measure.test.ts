import { describe, expect, test } from 'vitest';
import { medianWithin, memoryOf, quantile, spread, withDescendants } from './measure.ts';

describe('figures', () => {
  test('quantiles are values that were measured', () => {
    const values = [5, 1, 4, 2, 3];
    expect(quantile(values, 0.5)).toBe(3);
    expect(quantile(values, 0.99)).toBe(5);
    expect(quantile([7], 0.5)).toBe(7);
    expect(values).toEqual([5, 1, 4, 2, 3]);
  });

  test('a median comes with the ranks around it that its true value is between', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(medianWithin(hundred)).toEqual({ median: 50, low: 40, high: 61 });
    expect(medianWithin([3, 1])).toEqual({ median: 1, low: 1, high: 3 });
  });

  test('a spread says how many values it is of', () => {
    expect(spread('ms', [1.234, 2.345])).toEqual({
      'ms n': 2,
      'ms p50': 1.23,
      'ms p99': 2.35,
      'ms max': 2.35,
    });
  });

  test('memory of this process is what Node says it is, within a tenth', () => {
    const { rss, pss } = memoryOf([process.pid]);
    const said = process.memoryUsage().rss / 2 ** 20;
    expect(Math.abs(rss - said)).toBeLessThan(said / 10);
    expect(pss).toBeLessThanOrEqual(rss + 1);
    expect(withDescendants(process.pid)[0]).toBe(process.pid);
  });
});
