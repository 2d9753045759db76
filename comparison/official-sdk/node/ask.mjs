// Asks @clerk/backend. The first line that comes in is the set-up, each line after it a case; each is answered by one
// line, in the same order.
import './offline.mjs';
import { createClerkClient, verifyToken } from '@clerk/backend';
import { signedInAuthObject } from '@clerk/backend/internal';

const RealDate = Date;
let now = 0;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now);
    else super(...parts);
  }
  static now() {
    return now;
  }
};

let setUp;
const clients = new Map();

function clientOf(app) {
  const name = JSON.stringify(app);
  let client = clients.get(name);
  if (!client) {
    client = createClerkClient({
      publishableKey: app.publishableKey,
      secretKey: 'sk_live_nobody',
      jwtKey: setUp.publicKey,
      telemetry: { disabled: true },
      ...(app.proxyUrl && { proxyUrl: app.proxyUrl }),
      ...(app.satellite && { domain: app.satellite, isSatellite: true }),
    });
    clients.set(name, client);
  }
  return client;
}

function checksOf({ issuers, authorizedParties, audience, clockSkew }) {
  return {
    ...(issuers.length > 0 && { issuer: issuers }),
    ...(authorizedParties.length > 0 && { authorizedParties }),
    ...(audience.length > 0 && { audience }),
    ...(clockSkew !== null && { clockSkewInMs: clockSkew }),
  };
}

async function ask({ method, headers, token, options, asks }) {
  if (token !== null) return askOfToken(token, options, asks);
  const fields = new Headers();
  for (const [name, value] of headers) fields.append(name, value);
  const request = new Request('https://api.example.com/', { method, headers: fields });
  const state = await clientOf(options.app).authenticateRequest(request, checksOf(options));
  if (!state.isAuthenticated) return { verdict: 'out', reason: state.reason };
  const auth = state.toAuth({ treatPendingAsSignedOut: !options.allowPending });
  if (auth.isAuthenticated) return signedIn(auth, state.token, asks);
  return { verdict: 'out', reason: `session-${auth.sessionStatus}` };
}

async function askOfToken(token, options, asks) {
  let claims;
  try {
    claims = await verifyToken(token, { jwtKey: setUp.publicKey, ...checksOf(options) });
  } catch (error) {
    return { verdict: 'out', reason: error.reason ?? `threw ${error.name}` };
  }
  try {
    return signedIn(signedInAuthObject({}, token, claims), token, asks);
  } catch {
    // What the claims mean is not asked of verifyToken.
    return { verdict: 'in', token };
  }
}

// The reason why the token is refused where nothing but it is looked at; empty where it is not.
async function aloneSays(token, options) {
  try {
    await verifyToken(token, { jwtKey: setUp.publicKey, ...checksOf(options) });
    return '';
  } catch (error) {
    return error.reason ?? `threw ${error.name}`;
  }
}

function signedIn(auth, token, asks) {
  const { userId, sessionId, orgId, orgRole, orgSlug, orgPermissions, factorVerificationAge } = auth;
  const fields = { userId, sessionId, orgId, orgRole, orgSlug, orgPermissions, factorVerificationAge };
  return { verdict: 'in', token, fields, has: asks.map((one) => auth.has(one)) };
}

async function answer(line) {
  const { number, now: time, picked, ...question } = JSON.parse(line);
  now = time;
  let result;
  try {
    result = await ask(question);
  } catch (error) {
    result = { verdict: 'threw', reason: `threw ${error.name}`, message: error.message };
  }
  if (picked !== null && result.verdict !== 'in') result.alone = await aloneSays(picked, question.options);
  return { number, ...result };
}

// JSON may hold half of a surrogate pair, and not everybody can read that.
const written = (value) =>
  JSON.stringify(value, (_, one) => (typeof one === 'string' ? one.toWellFormed() : one));

let rest = '';
process.stdin.setEncoding('utf8');
for await (const chunk of process.stdin) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  let answers = '';
  for (const line of lines) {
    if (setUp) answers += `${written(await answer(line))}\n`;
    else setUp = JSON.parse(line);
  }
  process.stdout.write(answers);
}
