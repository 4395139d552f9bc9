/** The beginning of a text, at most so many UTF-16 units, and never half a character: the database takes no halves. */
export function beginningOf(text: string, most: number): string {
  const part = text.slice(0, most);
  return part.isWellFormed() ? part : part.slice(0, -1);
}
