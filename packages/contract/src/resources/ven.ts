/** The VEN side of the API (ours): activation, reports, policy, detection, flows. The channel's messages are in ven/channel.ts. */
import { endpoint } from '../endpoint.ts';
import { explanationSchema } from './explanation.ts';
import { connectionQuestionSchema } from './questions.ts';
import {
  activateRequestSchema,
  activateResponseSchema,
  detectRequestSchema,
  detectResponseSchema,
  flowReportSchema,
  goodbyeSchema,
  hostReportSchema,
  policyDocumentSchema,
} from '../ven/messages.ts';

export const venEndpoints = {
  'ven.activate': endpoint({
    method: 'POST',
    path: '/ven/activate',
    permission: 'public',
    tag: 'VEN',
    summary: 'Activation code to identity',
    body: activateRequestSchema,
    status: 201,
    answer: 'json',
    response: activateResponseSchema,
  }),
  'ven.report': endpoint({
    method: 'PUT',
    path: '/ven/report',
    permission: 'ven',
    tag: 'VEN',
    summary: 'Facts and interfaces of the host, whole',
    body: hostReportSchema,
    status: 204,
    answer: 'empty',
  }),
  'ven.detect': endpoint({
    method: 'POST',
    path: '/ven/detect',
    permission: 'ven',
    tag: 'VEN',
    summary:
      'Network profile detection: sent bound to one interface address, answered from the source address seen (R-NET-3)',
    body: detectRequestSchema,
    status: 200,
    answer: 'json',
    response: detectResponseSchema,
  }),
  'ven.policy': endpoint({
    method: 'GET',
    path: '/ven/policy',
    permission: 'ven',
    tag: 'VEN',
    summary: 'The whole policy of the host',
    status: 200,
    answer: 'json',
    response: policyDocumentSchema,
  }),
  'ven.explain': endpoint({
    method: 'POST',
    path: '/ven/explain',
    permission: 'ven',
    tag: 'VEN',
    summary:
      'Why the active policy decides a connection of this host as it does; one end must be the host: by its href, or by one of its addresses',
    body: connectionQuestionSchema,
    reads: true,
    status: 200,
    answer: 'json',
    response: explanationSchema,
  }),
  'ven.flows': endpoint({
    method: 'POST',
    path: '/ven/flows',
    permission: 'ven',
    tag: 'VEN',
    summary: 'Flow records',
    body: flowReportSchema,
    status: 204,
    answer: 'empty',
  }),
  'ven.goodbye': endpoint({
    method: 'PUT',
    path: '/ven/goodbye',
    permission: 'ven',
    tag: 'VEN',
    summary: 'The VEN stops, or was unpaired and takes leave',
    body: goodbyeSchema,
    status: 204,
    answer: 'empty',
  }),
};
