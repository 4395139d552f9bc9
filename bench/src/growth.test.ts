import { expect, test } from 'vitest';
import { slope } from './growth.ts';

test('the exponent of a growth is the slope of its logarithms', () => {
  const sizes = [1, 2, 4, 8, 16];
  const grown = (exponent: number) => sizes.map((size) => Math.log(3 * size ** exponent));
  expect(slope(sizes.map(Math.log), grown(1))).toBeCloseTo(1);
  expect(slope(sizes.map(Math.log), grown(1.5))).toBeCloseTo(1.5);
});
