/** Reads server-sent events out of text that arrives in pieces. */
export interface SseParser {
  /** The `data` of every event that the piece completes. */
  push(piece: string): string[];
}

export function createSseParser(): SseParser {
  let rest = '';
  return {
    push(piece) {
      const blocks = (rest + piece).replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop() ?? '';
      return blocks
        .map((block) =>
          block
            .split('\n')
            .filter((line) => line.startsWith('data:'))
            .map((line) => line.slice(5).replace(/^ /, ''))
            .join('\n'),
        )
        .filter((data) => data !== '');
    },
  };
}
