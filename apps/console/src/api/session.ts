/** The signed-in session of this browser tab. Kept in sessionStorage: it survives a reload and ends with the tab. */
import { z } from 'zod';

const sessionSchema = z.object({
  username: z.string(),
  token: z.string(),
  userHref: z.string(),
  fullName: z.string().nullable(),
  orgId: z.number().int(),
  orgName: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

const KEY = 'bulkhead.session';
const listeners = new Set<() => void>();
let current: Session | null = read();

function read(): Session | null {
  const text = sessionStorage.getItem(KEY);
  if (text === null) return null;
  try {
    const parsed = sessionSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export function getSession(): Session | null {
  return current;
}

export function setSession(session: Session | null): void {
  current = session;
  if (session === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(session));
  for (const listener of listeners) listener();
}

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function basicCredentials(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCodePoint(...bytes))}`;
}

export function authorization(): string | null {
  return current === null ? null : basicCredentials(current.username, current.token);
}
