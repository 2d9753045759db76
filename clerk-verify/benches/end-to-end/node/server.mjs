// The servers on Node.js: `node server.mjs express|fastify bare|clerk`.
//
// The middleware verifies with the key in CLERK_JWT_KEY, so that nothing is fetched. Prints the port, and ends when
// its standard input does, which is when whoever started it is gone.

const BODY = "Hello, world!";
const HOST = "127.0.0.1";

const clerk = {
  publishableKey: process.env.CLERK_PUBLISHABLE_KEY,
  // Asked for, and not used: nothing here asks Clerk's API.
  secretKey: process.env.CLERK_SECRET_KEY,
  jwtKey: process.env.CLERK_JWT_KEY,
  authorizedParties: [process.env.CLERK_AUTHORIZED_PARTIES],
};

async function startExpress(guarded) {
  const { default: express } = await import("express");
  const app = express();
  if (guarded) {
    const { clerkMiddleware, getAuth } = await import("@clerk/express");
    app.use(clerkMiddleware(clerk));
    app.use((request, response, next) => {
      if (getAuth(request).isAuthenticated) next();
      else response.status(401).type("text").send("Unauthorized");
    });
  }
  app.get("/", (_, response) => response.type("text").send(BODY));
  const server = app.listen(0, HOST, (error) => {
    if (error) throw error;
    console.log(server.address().port);
  });
}

async function startFastify(guarded) {
  const { default: fastify } = await import("fastify");
  const app = fastify();
  if (guarded) {
    const { clerkPlugin, getAuth } = await import("@clerk/fastify");
    app.register(clerkPlugin, clerk);
    app.get("/", (request, reply) => {
      if (getAuth(request).isAuthenticated) reply.type("text/plain; charset=utf-8").send(BODY);
      else reply.code(401).type("text/plain; charset=utf-8").send("Unauthorized");
    });
  } else {
    app.get("/", (_, reply) => reply.type("text/plain; charset=utf-8").send(BODY));
  }
  await app.listen({ port: 0, host: HOST });
  console.log(app.server.address().port);
}

process.stdin.on("end", () => process.exit()).resume();
const [framework, guard] = process.argv.slice(2);
await (framework === "express" ? startExpress : startFastify)(guard === "clerk");
