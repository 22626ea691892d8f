// A Bluesky personal data server and the directory that its accounts are registered in.
// Environment: PDS_PORT, PLC_PORT, PDS_DATA (an empty folder). Prints "ready" and runs until it is told to stop.
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { PDS, envToCfg, envToSecrets, readEnv } from "@atproto/pds";
import plc from "@did-plc/server";

const { PDS_PORT, PLC_PORT, PDS_DATA } = process.env;
mkdirSync(join(PDS_DATA, "blobs"), { recursive: true });
Object.assign(process.env, {
  PDS_HOSTNAME: "localhost",
  PDS_DEV_MODE: "true",
  PDS_DATA_DIRECTORY: PDS_DATA,
  PDS_BLOBSTORE_DISK_LOCATION: join(PDS_DATA, "blobs"),
  PDS_DID_PLC_URL: `http://localhost:${PLC_PORT}`,
  PDS_JWT_SECRET: randomBytes(16).toString("hex"),
  PDS_ADMIN_PASSWORD: randomBytes(16).toString("hex"),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: randomBytes(32).toString("hex"),
  PDS_INVITE_REQUIRED: "false",
  PDS_RATE_LIMITS_ENABLED: "true",
  LOG_ENABLED: process.env.LOG_ENABLED ?? "false",
});

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: Number(PLC_PORT) });
await directory.start();
const env = readEnv();
const server = await PDS.create(envToCfg(env), envToSecrets(env));
await server.start();
console.log(`ready on ${PDS_PORT}`);

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, async () => {
    await server.destroy();
    await directory.destroy();
    process.exit(0);
  });
}
