// A whole client of docs/protocol.md for Node 20: node client.js http://127.0.0.1:8000 G0101 <PIN> ["a note"]
import { randomUUID } from "node:crypto";
const [server, staff_no, pin, note] = process.argv.slice(2);
const clientGroupID = randomUUID(), clientID = randomUUID(), view = new Map(); // a real one keeps these, and its queue
let token, cookie = null, lastId = 0;

async function call(path, body) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await fetch(server + path, { method: body ? "POST" : "GET", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${(await answer.json()).code}`);
  return body ? answer.json() : answer.body;
}
async function pull() {
  for (let more = true; more; ) {
    const page = await call("/api/sync/pull", { clientGroupID, cookie, pullVersion: 1, schemaVersion: "1" });
    for (const { op, key, value } of page.patch)
      op === "clear" ? view.clear() : op === "put" ? view.set(key, value) : view.delete(key);
    ({ cookie, more } = page); // rows and cookie belong together: store them in one transaction
  }
}
function push(name, fields) {
  const args = { mid: randomUUID(), at: new Date().toISOString().replace(/\.\d+/, ""), ...fields };
  const mutations = [{ clientID, id: ++lastId, name, args }]; // sent again unchanged until a pull confirms `id`
  return call("/api/sync/push", { clientGroupID, mutations, pushVersion: 1, schemaVersion: "1" });
}
token = (await call("/api/auth/login", { staff_no, pin, device_id: `js-${randomUUID()}` })).access_token;
await pull();
const [mine] = [...view.values()].filter((row) => row.phone_masked);
if (note) console.log("push", JSON.stringify((await push("edit_note", { customer_id: mine.id, note })).results));
for await (const chunk of await call("/api/sync/live")) { // ": ready" comes first, then a poke for each change
  if (!`${Buffer.from(chunk)}`.startsWith(": beat")) await pull();
  console.log("rows", view.size, "note", view.get(`customer/${mine.id}`)?.note);
}
