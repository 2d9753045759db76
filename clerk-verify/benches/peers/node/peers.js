// The peers that run on Node.js. The first line that comes in is the set-up; each line after it is a command, and
// is answered by one line:
//
//     check NAME TOKEN      subject SUB, or refused REASON
//     run NAME COUNT TOKEN  time MICROSECONDS, the CPU time of the whole process
import { createInterface } from 'node:readline';
import { createClerkClient, verifyToken } from '@clerk/backend';
import { createLocalJWKSet, importSPKI, jwtVerify } from 'jose';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const setUp = JSON.parse((await lines.next()).value);

const authorizedParties = [setUp.authorizedParty];
const joseOptions = { issuer: setUp.issuer, algorithms: ['RS256'], clockTolerance: 5 };
const josePublicKey = await importSPKI(setUp.pem, 'RS256');
const joseKeySet = createLocalJWKSet(setUp.jwks);
const clerkOptions = { jwtKey: setUp.pem, issuer: setUp.issuer, authorizedParties };
const clerk = createClerkClient({
  publishableKey: setUp.publishableKey,
  secretKey: 'sk_test_secret',
  jwtKey: setUp.pem,
  telemetry: { disabled: true },
});

// The request is the server's, so it is made once for each token.
let request;
let requestToken;
function requestWith(token) {
  if (token !== requestToken) {
    request = new Request(`${setUp.authorizedParty}/`, { headers: { authorization: `Bearer ${token}` } });
    requestToken = token;
  }
  return request;
}

// Each takes a token and gives its subject.
const contestants = {
  async 'verify-token'(token) {
    return (await verifyToken(token, clerkOptions)).sub;
  },
  async 'authenticate-request'(token) {
    const state = await clerk.authenticateRequest(requestWith(token), { authorizedParties });
    if (!state.isAuthenticated) throw new Error(state.reason);
    return state.toAuth().userId;
  },
  async 'jose-key'(token) {
    return (await jwtVerify(token, josePublicKey, joseOptions)).payload.sub;
  },
  async 'jose-key-set'(token) {
    return (await jwtVerify(token, joseKeySet, joseOptions)).payload.sub;
  },
};

async function check(name, token) {
  try {
    return `subject ${await contestants[name](token)}`;
  } catch (error) {
    return `refused ${error.message}`.replaceAll(/\s+/g, ' ');
  }
}

async function run(name, count, token) {
  const verify = contestants[name];
  const start = process.cpuUsage();
  for (let done = 0; done < count; done += 1) await verify(token);
  const { user, system } = process.cpuUsage(start);
  return `time ${user + system}`;
}

for await (const line of lines) {
  const [command, name, ...rest] = line.split(' ');
  const answer = command === 'run' ? await run(name, Number(rest[0]), rest[1]) : await check(name, rest[0]);
  process.stdout.write(`${answer}\n`);
}
