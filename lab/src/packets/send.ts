/** Sends connections for real, many at once, and sees which of them arrive and are answered. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { familyOf, type Family } from '@bulkhead/net';
import { PROTOCOLS } from '@bulkhead/policy';
import { anyContent, icmpMessage, markOf, newMark } from './bytes.ts';
import {
  bindSocket,
  closeSocket,
  connectSocket,
  listenSocket,
  openSocket,
  POLLIN,
  POLLOUT,
  pollSockets,
  rawAddress,
  receiveDatagram,
  resetOnClose,
  sendDatagram,
  socketError,
  type Namespace,
} from './libc.ts';

/** An address of a host, on the device that holds it. */
export interface Place {
  readonly namespace: Namespace;
  readonly device: string;
  readonly address: string;
}

export interface Shot {
  readonly from: Place;
  readonly to: Place;
  readonly protocol: number;
  /** For TCP, UDP and SCTP. */
  readonly port: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** Whether it is worth waiting for. What it becomes is seen, whatever is expected. */
  readonly awaited: boolean;
}

/** What became of a shot. */
export interface Landing {
  /** It reached the other host's program, or for TCP and SCTP its listening socket. */
  readonly arrived: boolean;
  /** The answer came back; null where there is none to wait for. */
  readonly answered: boolean | null;
  /** Error with which the sender's kernel refused it; a firewall on the sender shows as `EPERM`. */
  readonly refused?: string | null;
}

interface Flight {
  readonly shot: Shot;
  arrived: boolean;
  answered: boolean | null;
  refused: string | null;
}

/** What to do when something can be done with a socket. False: nothing more is to come from it. */
interface Watched {
  readonly events: number;
  readonly ready: () => boolean;
}

const POLL_MS = 2;
/** Nothing waits in a field: what has not moved for this long does not move. */
const QUIET_MS = 25;
const ICMP_ECHO = { [PROTOCOLS.icmp]: 8, [PROTOCOLS.icmpv6]: 128 } as Readonly<
  Record<number, number>
>;

/** Whether the other side's kernel answers the message so that tracking knows the answer by it. */
function isEcho({ protocol, icmpType, icmpCode }: Shot): boolean {
  return icmpType !== null && icmpType === ICMP_ECHO[protocol] && icmpCode === 0;
}

function isStream({ protocol }: Shot): boolean {
  return protocol === PROTOCOLS.tcp || protocol === PROTOCOLS.sctp;
}

/**
 * Opens what listens, sends every shot and waits until those that are awaited have landed and nothing moves any more, or `limitMs` are
 * over. Closes everything that it opened.
 */
export async function sendShots(shots: readonly Shot[], limitMs: number): Promise<Landing[]> {
  const opened: number[] = [];
  const watched = new Map<number, Watched>();
  const flights = shots.map((shot): Flight => ({
    shot,
    arrived: false,
    refused: null,
    answered: isEcho(shot) || shot.protocol === PROTOCOLS.udp ? false : null,
  }));
  const byMark = new Map<string, Flight>();
  const open = (place: Place, kind: Parameters<typeof openSocket>[0], protocol: number): number => {
    const fd = place.namespace.run(() => openSocket(kind, familyOf(place.address), protocol));
    opened.push(fd);
    return fd;
  };
  try {
    openListeners(shots, open, watched, byMark);
    const rawSenders = new Map<string, number>();
    for (const flight of flights) {
      const { from, protocol } = flight.shot;
      if (isStream(flight.shot)) connectStream(flight, open, watched);
      else if (protocol === PROTOCOLS.udp) sendUdp(flight, open, watched, byMark);
      else {
        const key = `${from.namespace.name} ${from.address} ${protocol}`;
        const known = rawSenders.get(key);
        const fd = known ?? open(from, 'raw', protocol);
        if (known === undefined) bindSocket(fd, { ...from, port: 0 });
        rawSenders.set(key, fd);
        sendRaw(flight, fd, watched, byMark);
      }
    }
    await watch(flights, watched, limitMs);
    return flights.map(({ arrived, answered, refused }) => ({ arrived, answered, refused }));
  } finally {
    for (const fd of opened) closeSocket(fd);
  }
}

type Open = (place: Place, kind: Parameters<typeof openSocket>[0], protocol: number) => number;

/** One listening socket for each address and port; one raw socket for each protocol of a host, as it sees all of them. */
function openListeners(
  shots: readonly Shot[],
  open: Open,
  watched: Map<number, Watched>,
  byMark: ReadonlyMap<string, Flight>,
): void {
  const known = new Set<string>();
  const arrive = (bytes: Buffer, at: Namespace): boolean => {
    const flight = byMark.get(markOf(bytes) ?? '');
    // the answer to an echo has the mark of the echo and comes to where that was sent from
    if (flight?.shot.to.namespace !== at) return false;
    flight.arrived = true;
    return true;
  };
  for (const shot of shots) {
    const { to, protocol } = shot;
    const port = shot.port ?? 0;
    const family: Family = familyOf(to.address);
    const where = shot.port === null ? `${family}` : `${to.address} ${port}`;
    const key = `${to.namespace.name} ${protocol} ${where}`;
    if (known.has(key)) continue;
    known.add(key);
    if (isStream(shot)) listenSocket(open(to, 'stream', protocol), { ...to, port });
    else {
      const fd = open(to, protocol === PROTOCOLS.udp ? 'datagram' : 'raw', protocol);
      if (protocol === PROTOCOLS.udp) bindSocket(fd, { ...to, port });
      watched.set(fd, {
        events: POLLIN,
        ready() {
          for (let got = receiveDatagram(fd); got !== null; got = receiveDatagram(fd)) {
            const isOurs = arrive(got.bytes, to.namespace);
            if (isOurs && protocol === PROTOCOLS.udp) sendDatagram(fd, got.bytes, got.from);
          }
          return true;
        },
      });
    }
  }
}

function connectStream(flight: Flight, open: Open, watched: Map<number, Watched>): void {
  const { from, to, protocol, port } = flight.shot;
  const fd = open(from, 'stream', protocol);
  bindSocket(fd, { ...from, port: 0 });
  resetOnClose(fd);
  flight.refused = connectSocket(fd, to.address, port ?? 0);
  if (flight.refused !== null) return;
  watched.set(fd, {
    events: POLLOUT,
    ready() {
      flight.arrived = socketError(fd) === null;
      return false;
    },
  });
}

function sendUdp(
  flight: Flight,
  open: Open,
  watched: Map<number, Watched>,
  byMark: Map<string, Flight>,
): void {
  const { from, to, protocol, port } = flight.shot;
  const fd = open(from, 'datagram', protocol);
  bindSocket(fd, { ...from, port: 0 });
  flight.refused = connectSocket(fd, to.address, port ?? 0);
  if (flight.refused !== null) return;
  const mark = newMark();
  byMark.set(mark.toString('hex'), flight);
  flight.refused = sendDatagram(fd, mark, null);
  watched.set(fd, {
    events: POLLIN,
    ready() {
      const got = receiveDatagram(fd);
      if (got?.bytes.equals(mark) === true) flight.answered = true;
      return false;
    },
  });
}

function sendRaw(
  flight: Flight,
  fd: number,
  watched: Map<number, Watched>,
  byMark: Map<string, Flight>,
): void {
  const { to, protocol, icmpType, icmpCode } = flight.shot;
  const mark = newMark();
  byMark.set(mark.toString('hex'), flight);
  const bytes =
    icmpType === null
      ? anyContent(mark)
      : icmpMessage(protocol, { type: icmpType, code: icmpCode ?? 0 }, mark);
  flight.refused = sendDatagram(fd, bytes, rawAddress(to.address));
  watched.set(fd, {
    events: POLLIN,
    ready() {
      for (let got = receiveDatagram(fd); got !== null; got = receiveDatagram(fd)) {
        const answered = byMark.get(markOf(got.bytes) ?? '');
        // a raw socket sees what others send to its host, too; only the sender of an echo waits for one
        if (answered?.answered === false && answered.shot.from.address === flight.shot.from.address)
          answered.answered = true;
      }
      return true;
    },
  });
}

async function watch(
  flights: readonly Flight[],
  watched: Map<number, Watched>,
  limitMs: number,
): Promise<void> {
  const began = performance.now();
  let moved = began;
  const isWaiting = ({ shot, arrived, answered }: Flight): boolean =>
    shot.awaited && (!arrived || answered === false);
  for (;;) {
    const wanted = [...watched].map(([fd, { events }]) => ({ fd, events }));
    const ready = pollSockets(wanted, POLL_MS);
    for (const fd of ready) {
      moved = performance.now();
      if (watched.get(fd)?.ready() === false) watched.delete(fd);
    }
    // the VEN's reader of log records has its turn, too
    await nextTurn();
    const now = performance.now();
    const landed = !flights.some(isWaiting);
    // time that this process did not have is no time in which nothing came
    const isOver = now - began > limitMs && ready.length === 0;
    if (isOver || (landed && now - moved > QUIET_MS)) return;
  }
}
