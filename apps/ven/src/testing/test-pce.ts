/** A PCE small enough for the agent's tests: the real protocol over TLS and WebSocket, policies as the test says. */
import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import {
  activateRequestSchema,
  compatibilityReportSchema,
  connectionQuestionSchema,
  detectRequestSchema,
  flowReportSchema,
  hostReportSchema,
  venMessageSchema,
  venStatusRequestSchema,
  type ActivateRequest,
  type CompatibilityReport,
  type ConnectionQuestion,
  type ExplanationWire,
  type FlowRecord,
  type HostReport,
  type MaintenanceClaim,
  type PceMessage,
  type PolicyContent,
  type PolicyDeltaContent,
  type PolicyDocument,
  type VenMessage,
  type VenStatusRequest,
} from '@bulkhead/contract';
import type { NetworkProfile } from '@bulkhead/policy';
import { WebSocketServer, type WebSocket } from 'ws';
import { TEST_CA, TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

const FIRST_TOKEN = 'token-of-the-test-ven';
export const TEST_CODE = 'code-of-the-test-profile';
export const TEST_FINGERPRINT = createHash('sha256')
  .update(new X509Certificate(TEST_CA).raw)
  .digest('hex');

export interface TestPce {
  readonly port: number;
  readonly activations: ActivateRequest[];
  readonly reports: HostReport[];
  readonly messages: VenMessage[];
  readonly flows: FlowRecord[];
  /** Numbers of the reports that were taken. */
  readonly flowReports: number[];
  /** Answers that it cannot take flows now. */
  refusesFlows: boolean;
  readonly goodbyes: string[];
  /** Source address of each detection request. */
  readonly detections: { readonly interface: string; readonly from: string }[];
  /** Questions of `explain`. */
  readonly questions: ConnectionQuestion[];
  /** What the VEN said that it is. */
  readonly statuses: VenStatusRequest['status'][];
  readonly compatibility: CompatibilityReport[];
  /** What its clock says; null: the time. */
  time: Date | null;
  /** Signs a maintenance token, as the console does. */
  seal(claim: MaintenanceClaim): string;
  /** What `explain` answers; null: that it is not the host's to ask. */
  explanation: ExplanationWire | null;
  wholeRequests(): number;
  connected(): boolean;
  /** What detection answers; null: an error. */
  profile: NetworkProfile | null;
  /** What answers detection in place of the PCE, as a hotel's login page does; null: nothing. */
  portal: {
    readonly status: number;
    readonly headers: OutgoingHttpHeaders;
    readonly text: string;
  } | null;
  /** Sent whole after a hello that is not at it, and answered to GET. */
  policy: PolicyContent | null;
  send(message: PceMessage): void;
  sendDelta(delta: PolicyDeltaContent): void;
  signed(content: unknown): PolicyDocument;
  /** Drops the channel. */
  disconnect(): void;
  close(): Promise<void>;
}

export async function startTestPce(port = 0, host = '127.0.0.1'): Promise<TestPce> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const sockets = new Set<WebSocket>();
  let wholes = 0;
  /** The current token and the one before. */
  const tokens = [FIRST_TOKEN];

  const signed = (content: unknown): PolicyDocument => {
    const text = JSON.stringify(content);
    return {
      content: text,
      signature: sign(null, Buffer.from(text), privateKey).toString('base64'),
    };
  };

  const server: Server = createServer(
    { key: TEST_KEY, cert: TEST_CERTIFICATE + TEST_CA },
    (request, response) => void serve(request, response),
  );

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const body: unknown = text === '' ? null : JSON.parse(text);
    const reply = (status: number, value?: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(value === undefined ? undefined : JSON.stringify(value));
    };
    const path = request.url ?? '';
    if (path === '/api/v2/ven/activate') {
      const asked = activateRequestSchema.parse(body);
      if (asked.activation_code !== TEST_CODE) {
        reply(403, [
          { token: 'invalid_activation_code', message: 'The activation code is unknown' },
        ]);
        return;
      }
      pce.activations.push(asked);
      reply(201, {
        protocol: 1,
        org_id: 1,
        ven_uuid: '11111111-2222-4333-8444-555555555555',
        token: FIRST_TOKEN,
        policy_public_key: publicKey.export({ type: 'spki', format: 'pem' }),
        pce_fqdn: 'pce.test',
        heartbeat_seconds: 300,
      });
      return;
    }
    if (path === '/api/v2/node_available') {
      response.setHeader('date', (pce.time ?? new Date()).toUTCString());
      reply(200);
      return;
    }
    if (!isKnown(request)) {
      reply(401);
      return;
    }
    if (path === '/api/v2/ven/report') {
      pce.reports.push(hostReportSchema.parse(body));
      reply(204);
    } else if (path === '/api/v2/ven/detect') {
      const asked = detectRequestSchema.parse(body);
      pce.detections.push({
        interface: asked.interface,
        from: request.socket.remoteAddress ?? '',
      });
      if (pce.portal !== null) {
        response.writeHead(pce.portal.status, pce.portal.headers);
        response.end(pce.portal.text);
      } else if (pce.profile === null) reply(503, []);
      else reply(200, { network_profile: pce.profile, public_ip: '198.51.100.1' });
    } else if (path === '/api/v2/ven/policy') {
      wholes += 1;
      if (pce.policy === null) reply(404, []);
      else reply(200, signed(pce.policy));
    } else if (path === '/api/v2/ven/explain') {
      pce.questions.push(connectionQuestionSchema.parse(body));
      if (pce.explanation !== null) reply(200, pce.explanation);
      else reply(403, [{ token: 'forbidden', message: 'No end is this host' }]);
    } else if (path === '/api/v2/ven/flows') {
      const report = flowReportSchema.parse(body);
      if (pce.refusesFlows) reply(503, []);
      else {
        // one that was taken before is acknowledged and not counted again
        if (!pce.flowReports.includes(report.sequence)) pce.flows.push(...report.flows);
        pce.flowReports.push(report.sequence);
        reply(204);
      }
    } else if (path === '/api/v2/ven/goodbye') {
      pce.goodbyes.push(text);
      reply(204);
    } else if (path === '/api/v2/ven/status') {
      pce.statuses.push(venStatusRequestSchema.parse(body).status);
      reply(204);
    } else if (path === '/api/v2/ven/compatibility_report') {
      pce.compatibility.push(compatibilityReportSchema.parse(body));
      reply(204);
    } else if (path === '/api/v2/ven/token') {
      tokens.push(`token-${tokens.length + 1}-of-the-test-ven`);
      tokens.splice(0, tokens.length - 2);
      reply(201, { token: tokens.at(-1), previous_valid_seconds: 86_400 });
    } else reply(404, []);
  }
  const isKnown = (request: IncomingMessage): boolean =>
    tokens.some((token) => request.headers.authorization === `Bearer ${token}`);

  const channel = new WebSocketServer({
    server,
    path: '/api/v2/ven/channel',
    verifyClient: ({ req }: { req: IncomingMessage }) => isKnown(req),
  });
  channel.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (data) => {
      const message = venMessageSchema.parse(JSON.parse((data as Buffer).toString('utf8')));
      pce.messages.push(message);
      if (message.type !== 'hello' || pce.policy === null) return;
      if (message.policy_version === pce.policy.version) {
        socket.send(JSON.stringify({ type: 'policy_current', version: pce.policy.version }));
      } else socket.send(JSON.stringify({ type: 'policy', document: signed(pce.policy) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const send = (message: PceMessage): void => {
    for (const socket of sockets) socket.send(JSON.stringify(message));
  };
  const pce: TestPce = {
    port: address.port,
    activations: [],
    reports: [],
    messages: [],
    flows: [],
    flowReports: [],
    refusesFlows: false,
    goodbyes: [],
    detections: [],
    questions: [],
    statuses: [],
    compatibility: [],
    time: null,
    seal(claim) {
      const bytes = Buffer.from(JSON.stringify(claim));
      return `${bytes.toString('base64url')}.${sign(null, bytes, privateKey).toString('base64url')}`;
    },
    explanation: null,
    wholeRequests: () => wholes,
    connected: () => sockets.size > 0,
    profile: 'corporate',
    portal: null,
    policy: null,
    send,
    sendDelta: (delta) => send({ type: 'policy_delta', document: signed(delta) }),
    signed,
    disconnect: () => {
      for (const socket of sockets) socket.terminate();
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      channel.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return pce;
}
