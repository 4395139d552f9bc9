/** Layers: net <- policy <- enforcement; contract uses net and policy; apps use packages and never each other. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    forbid('no-cycles', 'modules form no cycle', {}, { circular: true }),
    forbid('no-unresolved', 'every import resolves', {}, { couldNotResolve: true }),
    forbid(
      'packages-are-pure',
      'packages do no I/O',
      { path: '^packages/[^/]+/src', pathNot: '\\.test\\.ts$|/src/testing/|^packages/testkit' },
      { dependencyTypes: ['core'] },
    ),
    forbid(
      'packages-below-apps',
      'packages know no app',
      { path: '^packages/' },
      { path: '^(apps|lab|bench|e2e)/' },
    ),
    forbid(
      'net-is-the-bottom',
      'net uses nothing',
      { path: '^packages/net/src', pathNot: '\\.test\\.ts$' },
      { path: '^packages/(?!net/)' },
    ),
    forbid(
      'policy-over-net',
      'policy uses net alone',
      { path: '^packages/policy/src', pathNot: '\\.test\\.ts$' },
      { path: '^packages/(?!net/|policy/)' },
    ),
    forbid(
      'enforcement-over-policy',
      'enforcement uses policy and net',
      { path: '^packages/enforcement/src', pathNot: '\\.test\\.ts$|/src/testing/' },
      { path: '^packages/(?!net/|policy/|enforcement/)' },
    ),
    forbid(
      'contract-over-policy',
      'contract uses policy and net',
      { path: '^packages/contract/src', pathNot: '\\.test\\.ts$' },
      { path: '^packages/(?!net/|policy/|contract/)' },
    ),
    forbid(
      'testkit-in-tests-only',
      'what ships does not import test helpers',
      {
        path: '^(packages|apps|lab|bench|e2e)/',
        pathNot: '\\.test\\.ts$|/src/testing/|^packages/testkit',
      },
      { path: '^packages/testkit' },
    ),
    forbid(
      'apps-apart',
      'apps never import apps',
      {
        path: '^apps/([^/]+)/',
        pathNot: '^apps/cli/src/.*\\.api\\.test\\.ts$|^apps/cli/src/testing/',
      },
      { path: '^apps/(?!$1/)' },
    ),
    forbid(
      'client-against-a-real-pce',
      'tests of the command start a PCE and know nothing else of it',
      { path: '^apps/cli/src/.*\\.api\\.test\\.ts$|^apps/cli/src/testing/' },
      { path: '^apps/(?!cli/|pce/src/testing/)' },
    ),
    forbid('apps-below-lab', 'apps know no lab', { path: '^apps/' }, { path: '^(lab|bench|e2e)/' }),
    forbid(
      'console-in-the-browser',
      'the console uses contract, policy and net',
      { path: '^apps/console/src', pathNot: '\\.test\\.tsx?$' },
      { path: '^packages/(?!contract/|policy/|net/)' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
