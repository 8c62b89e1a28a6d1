// Drives real Replicache clients: one JSON command a line on stdin, one JSON answer a line on stdout.
//
// The client is the npm package as it comes, with its own pusher and puller; ours are only the mutators' local
// effects, getAuth, and a fetch that watches and can cut the line. `who` in the URLs says whose request it is.
import { createInterface } from "node:readline";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Replicache } from "replicache";
import { fileStores } from "./store.js";

const clients = new Map();
const realFetch = globalThis.fetch;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- the line ------------------------------------------------------------------------------

globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  const client = clients.get(url.searchParams.get("who"));
  if (!client) return realFetch(input, init);
  const kind = url.pathname.split("/").at(-1);
  if (client.line === "cut") throw new TypeError("fetch failed: the line is cut");
  const answer = await realFetch(input, init);
  const text = await answer.clone().text();
  const body = text ? JSON.parse(text) : {};
  const seen = { kind, status: answer.status, error: body.error ?? body.code ?? null };
  if (kind === "pull" && answer.ok) {
    client.more = body.more === true;
    Object.assign(seen, { ops: body.patch?.length ?? 0, cleared: body.patch?.[0]?.op === "clear", more: client.more });
  }
  if (kind === "push") seen.results = (body.results ?? []).map((one) => one.status);
  client.seen.push(seen);
  if (client.line === `lose ${kind}`) throw new TypeError("fetch failed: the answer is lost");
  return answer;
};

// --- what an application brings: local effects and new tokens ---------------------------------

async function onCustomer(tx, id, change) {
  const value = await tx.get(`customer/${id}`);
  if (value) await tx.set(`customer/${id}`, { ...value, ...change(value) });
}

const effects = {
  edit_note: (tx, { customer_id, note }) => onCustomer(tx, customer_id, () => ({ note })),
  add_tag: (tx, { customer_id, tag, at }) =>
    onCustomer(tx, customer_id, ({ tags }) =>
      tags.some((one) => one.name === tag) ? {} : { tags: [...tags, { name: tag, kind: "personal", at }] }),
  remove_tag: (tx, { customer_id, tag }) =>
    onCustomer(tx, customer_id, ({ tags }) => ({ tags: tags.filter((one) => one.name !== tag) })),
  dismiss_rejected: (tx, { rejected_id }) => tx.del(`rejected/${rejected_id}`),
};

const mutatorsFor = (names) => Object.fromEntries(names.map((name) => [name, effects[name] ?? (async () => {})]));

// A refresh token used twice ends the session, so at most one request for new tokens is under way.
function renewing(client) {
  client.renewal ??= (async () => {
    const answer = await realFetch(`${client.base}/api/auth/refresh`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: client.refresh, device_id: client.device }),
    });
    const body = await answer.json();
    client.seen.push({ kind: "refresh", status: answer.status, error: body.code ?? null });
    if (!answer.ok) return null;
    client.refresh = body.refresh_token;
    return `Bearer ${body.access_token}`;
  })().finally(() => (client.renewal = null));
  return client.renewal;
}

// --- commands ------------------------------------------------------------------------------

async function open({ who, base, name, access, refresh, device, folder, schema = "1", names }) {
  const client = { base, refresh, device, folder, line: "open", more: false, seen: [], lost: [] };
  clients.set(who, client);
  const rep = new Replicache({
    name,
    schemaVersion: schema,
    auth: `Bearer ${access}`,
    pushURL: `${base}/api/sync/push?who=${who}`,
    pullURL: `${base}/api/sync/pull?who=${who}`,
    kvStore: folder ? fileStores(folder) : "mem",
    mutators: mutatorsFor(names),
    pullInterval: null,
    pushDelay: 0,
    requestOptions: { minDelayMs: 20, maxDelayMs: 100 },
    logSinks: [{ log: (level, _context, ...words) => client.lost.push([level, ...words.map(String)].join(" ")) }],
  });
  rep.getAuth = () => renewing(client);
  rep.onClientStateNotFound = () => client.lost.push("client state not found");
  rep.onUpdateNeeded = (reason) => client.lost.push(`update needed: ${reason.type}`);
  client.rep = rep;
  await rep.query(() => {});
  return { client: rep.clientID, group: await rep.clientGroupID };
}

const of = (who) => clients.get(who);

async function pull({ who, pages = 200 }) {
  for (let page = 0; page < pages; page += 1) {
    await of(who).rep.pull({ now: true });
    if (!of(who).more) return { pages: page + 1 };
  }
  return { pages };
}

// Waits until a condition holds, at most a minute: what the client does on its own time.
async function until(condition) {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    if (await condition()) return true;
    await sleep(10);
  }
  return false;
}

const kept = (folder, text) =>
  readdirSync(folder).some((file) => file.endsWith(".json") && readFileSync(join(folder, file), "utf8").includes(text));

const commands = {
  open,
  pull,
  mutate: async ({ who, name, args }) => of(who).rep.mutate[name](args),
  push: async ({ who }) => of(who).rep.push({ now: true }),
  // As a poke would: push, pull to the end, until the server has confirmed all that waits.
  sync: async ({ who }) =>
    until(async () => {
      await of(who).rep.push({ now: true });
      await pull({ who });
      return (await of(who).rep.experimentalPendingMutations()).length === 0;
    }),
  line: async ({ who, is }) => void (of(who).line = is),
  view: async ({ who }) => of(who).rep.query(async (tx) => Object.fromEntries(await tx.scan().entries().toArray())),
  pending: async ({ who }) => of(who).rep.experimentalPendingMutations(),
  seen: async ({ who }) => ({ requests: of(who).seen, log: of(who).lost.slice(-20) }),
  kept: async ({ who, text }) => until(async () => kept(of(who).folder, text)),
  answered: async ({ who, like }) =>
    until(async () => of(who).seen.some((one) => Object.entries(like).every(([k, v]) => one[k] === v))),
  close: async ({ who }) => of(who).rep.close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...args } = JSON.parse(line);
  let answer;
  try {
    answer = { id, ok: (await commands[command](args)) ?? null };
  } catch (fault) {
    answer = { id, fault: String(fault?.stack ?? fault) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
